// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

// An outside user of libhpt, in C++: a sparse table of the library's own, and one on a
// std::vector with operations of the program's own.

#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <vector>

#include <hpt/hpt.h>

namespace
{

struct closer {
	void operator()(hpt_table *table) const
	{
		hpt_table_close(table);
	}
};

using handle = std::unique_ptr<hpt_table, closer>;
using entries = std::vector<hpt_entry>;

int vector_read(void *ctx, std::uint64_t ptex, std::size_t n, hpt_entry *out, hpt_error *)
{
	const entries &slots = *static_cast<const entries *>(ctx);

	std::memcpy(out, slots.data() + ptex, n * sizeof(*out));
	return HPT_OK;
}

int count_run(void *arg, std::uint64_t, std::size_t n, const hpt_entry *)
{
	*static_cast<std::size_t *>(arg) += n;
	return 0;
}

bool report(const char *what, const hpt_error &err)
{
	std::cerr << what << ": " << err.text << '\n';
	return false;
}

handle open_vector(entries &slots, hpt_error &err)
{
	static const hpt_table_ops ops = [] {
		hpt_table_ops made{};

		made.size = sizeof(made);
		made.read = vector_read;
		return made;
	}();
	hpt_table_config config{};
	hpt_table *table = nullptr;

	config.size = sizeof(config);
	config.backend = "vector";
	config.order = HPT_ORDER_MIN;
	if (hpt_table_open(&ops, &slots, &config, &table, &err))
		return nullptr;
	return handle(table);
}

// A write to the vector's table fails, and says why; its copy can be written.
bool use_tables()
{
	entries slots(std::size_t{1} << (HPT_ORDER_MIN - HPT_ENTRY_SHIFT));
	hpt_table *opened = nullptr;
	std::size_t found = 0;
	hpt_error err;

	slots[77].v = HPT_V_VALID;
	slots[78].v = HPT_V_VALID | HPT_V_BOLTED;
	handle from = open_vector(slots, err);
	if (!from)
		return report("hpt_table_open", err);
	if (hpt_table_write(from.get(), 0, 1, slots.data(), &err) != HPT_ERR_READ_ONLY)
		return report("a write to a read-only table", err);
	if (hpt_sparse_open(HPT_ORDER_MIN, &opened, &err))
		return report("hpt_sparse_open", err);
	handle to(opened);
	if (hpt_table_copy(to.get(), from.get(), nullptr, &err) ||
	    hpt_table_each(to.get(), 0, UINT64_MAX, count_run, &found, &err))
		return report("hpt_table_copy", err);
	std::cout << "copied: " << found << " valid\n";
	return found == 2;
}

} // namespace

int main()
{
	std::cout << "libhpt " << hpt_version() << '\n';
	return use_tables() ? 0 : 1;
}
