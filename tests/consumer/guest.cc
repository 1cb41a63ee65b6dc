// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

// An outside user of libhpt-guest, in C++: guest FILE says what a saved guest is.

#include <iostream>
#include <memory>

#include <hpt/guest.h>
#include <hpt/hpt.h>

namespace
{

struct closer {
	void operator()(hpt_guest *guest) const
	{
		hpt_guest_close(guest);
	}
};

} // namespace

int main(int argc, char **argv)
{
	struct hpt_guest_info info {};
	hpt_guest *opened = nullptr;
	hpt_error err;

	if (argc != 2)
		return 2;
	if (hpt_guest_open(argv[1], nullptr, &opened, &err)) {
		std::cerr << err.text << '\n';
		return 1;
	}
	std::unique_ptr<hpt_guest, closer> guest(opened);
	info.size = sizeof(info);
	if (hpt_guest_info(guest.get(), &info, &err)) {
		std::cerr << err.text << '\n';
		return 1;
	}
	std::cout << hpt_source_kind_name(info.kind) << ", order " << info.order << '\n';
	return 0;
}
