#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Saved guests as they come: in save images of libvirt, in snapshots of disk images, in dumps.

# shellcheck disable=SC2002,SC2162,SC2238
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch guest/guest.mig
plain=$dir/data/guest/guest.mig
line() { grep -qx -e "$1" out; }
expect_same()
{
	"$HPT" dump --json "$2" >found
	ok "$1: the same dump" same found expected
}
"$HPT" dump --json "$plain" >expected

# save MAGIC FORMAT XML: the header of a libvirt on a little-endian host, and the XML
save()
{
	printf 'LibvirtQemud%s\2\0\0\0' "$1"
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((${#3} + 1)))\\0\\0\\0\\1\\0\\0\\0\\$2\\0\\0\\0"
	head -c 60 /dev/zero
	printf '%s\0' "$3"
}
xml="<domain type='kvm'><name>g</name><memory unit='MiB'>256</memory></domain>"

{ save Save 0 "$xml"; cat "$plain"; } >raw.save
expect_same "libvirt" raw.save
ok "from standard input" test "$("$HPT" dump --json - <raw.save | cmp - expected && echo same)" = same
ok "from a pipe" test "$(cat raw.save | "$HPT" dump --json - | cmp - expected && echo same)" = same
run info raw.save
ok "what it is" line "container    libvirt: version 2, little-endian, format raw, the guest was running"
run info --json raw.save
ok "in JSON" out_has '"container":"libvirt","container_details":"version 2, little-endian, '
run info --xml raw.save
ok "the domain's XML" answered
ok "as it is" out_is "$xml"
run info --xml - <raw.save
"$HPT" info --xml - <raw.save >out
ok "also from a pipe" out_is "$xml"
run info --xml --json raw.save
ok "XML or JSON" refused 2 "--json and --xml exclude each other"
run info --xml "$plain"
ok "no XML" refused 1 "no domain XML: only a save image of libvirt has one"
"$HPT" read --real --raw "$plain" 0 1M >expected.ram
"$HPT" read --real --raw raw.save 0 1M >found.ram
ok "the same memory" same found.ram expected.ram

{ save Save 0 "$(printf '<domain>\033[31m\302\233\177</domain>')"; cat "$plain"; } >odd.save
run info --xml odd.save
ok "control characters are not printed" out_is "<domain>?[31m$(printf '\302')??</domain>"

{ save Part 0 "$xml"; cat "$plain"; } >part.save
run dump part.save
ok "an image that was not finished" refused 2 "never finished"
head -c 300000 raw.save >cut.save
run dump cut.save
ok "one that is cut" refused 2 "ends at offset"
{ save Save 7 "$xml"; cat "$plain"; } >new.save
run dump new.save
ok "a format that is not known" refused 2 "offset 28: a libvirt save image of format 7"
number=1
for tool in gzip bzip2 xz lzop zstd; do
	if ! command -v $tool >/dev/null ||
		{ [ $tool != lzop ] && ! "$HPT" --version | grep -q '^compressed files: lib'; }; then
		ok "# SKIP no $tool" true
	else
		{ save Save $number "$xml"; $tool -c <"$plain"; } >$tool.save
		expect_same "libvirt, $tool" $tool.save
	fi
	number=$((number + 1))
done

if ! command -v python3 >/dev/null; then
	ok "# SKIP no python3: no disk image" true
	finish
	exit
fi
# Two snapshots in clusters of 64 KiB, the second of the disk alone.
python3 - "$plain" >disk.qcow2 <<'END'
import struct
import sys
state = open(sys.argv[1], "rb").read()
unit = 65536
clusters = (len(state) + unit - 1) // unit
names = b""
for number, name, size in ((b"1", b"up\033", len(state)), (b"2", b"disk", 0)):
    entry = struct.pack(">QIHHIIQIIQQ", 2 * unit, 8, 1, len(name), 1700000000, 0, 0, 0, 16,
                        size, 1 << 20)
    names += entry + number + name
    names += bytes(-len(names) % 8)
head = b"QFI\xfb" + struct.pack(">IQIIQIIQQIIQ", 3, 0, 0, 16, 1 << 20, 0, 1, 2 * unit, 0, 0, 2,
                                unit) + struct.pack(">QQQII", 0, 0, 0, 4, 104)
table = b"".join(struct.pack(">Q", (4 + i) * unit | 1 << 63) for i in range(clusters))
parts = (head, names, struct.pack(">QQ", 0, 3 * unit), table, state)
sys.stdout.buffer.write(b"".join(p + bytes(-len(p) % unit) for p in parts))
END
expect_same "a disk with one guest" disk.qcow2
expect_same "by its number" "disk.qcow2#1"
expect_same "by its name" "disk.qcow2#$(printf 'up\033')"
expect_same "file: says that it is one" "file:disk.qcow2#1"
ok "a disk, from a pipe" test "$(cat disk.qcow2 | "$HPT" dump --json - | cmp - expected && echo same)" = same
"$HPT" read --real --raw disk.qcow2 0 1M >found.ram
ok "a disk: the same memory" same found.ram expected.ram
run info disk.qcow2
ok "a disk: info answers" answered
ok "a disk: names are made fit to print" line 'snapshots    up\\x1b (id 1): 2023-11-14 22:13:20 UTC, .* of a guest, this one'
ok "a disk: every snapshot" line '             disk (id 2): 2023-11-14 22:13:20 UTC, of the disk only'
run info --json disk.qcow2
ok "a disk, in JSON" out_has '{"id":"2","name":"disk","date":1700000000,"clock_ns":0,"state_bytes":0,"opened":false}'
run dump "disk.qcow2#none"
ok "a snapshot that there is not" refused 2 'no snapshot "none" in this qcow2 image; there are: up?'
run dump "disk.qcow2#disk"
ok "a snapshot without a guest" refused 2 'snapshot "disk" has no guest in this image'
run dump "none.qcow2#1"
ok "a disk that there is not" refused 2 "none.qcow2#1: cannot open: No such file"
run dump "raw.save#1"
ok "no disk" refused 2 "a snapshot was named, and this is no qcow2 disk image"
cp raw.save "a#b"
expect_same "a file with # in its name" "a#b"
head -c 300000 disk.qcow2 >cut.qcow2
run dump cut.qcow2
ok "a disk that is cut" refused 2 "beyond the file's end"

# Every command, of every container, from a file and from a pipe, says what it says of the stream.
# answer COMMAND SOURCE. On a busy machine gdbserver says each second that it is opening still.
answer()
{
	case $1 in
	info) "$HPT" info "$2" | grep -E '^(machine|vCPUs|RAM|table)' ;;
	translate | explain) "$HPT" "$1" "$2" 0xc000000000010008 ;;
	read) "$HPT" read "$2" 0xc000000000010008 64 ;;
	who) "$HPT" who "$2" 0-256M ;;
	diff) "$HPT" diff "$2" "$plain" && echo "no difference" ;;
	convert) "$HPT" convert --to qemu -o - "$2" | cksum ;;
	vmcore) "$HPT" vmcore -o - "$2" | cksum ;;
	watch) "$HPT" watch --count 1 --interval 1ms "$2" | sed 's/^[^ ]* //' ;;
	gdbserver)
		printf '+%smc000000000010008,40#39+' $ | "$HPT" gdbserver "$2" |
			sed 's/%hpt:opening#76//g'
		;;
	*) "$HPT" "$1" "$2" ;;
	esac 2>&1
}
commands=$("$HPT" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p' | grep -vx -e help -e list)
[ "$("$HPT" --version | grep -c '^ELF cores: lib')" = 1 ] || commands=${commands/vmcore/}
for command in $commands; do
	answer "$command" "$plain" >"answer.$command"
	[ -s "answer.$command" ] || echo "$command"
done >silent
ok "every command has something to say of a guest" test ! -s silent
ok "gdbserver's are 64 bytes" grep -q '[0-9a-f]\{128\}#' answer.gdbserver

# all_agree FILE: those that do not
all_agree()
{
	local command

	for command in $commands; do
		answer "$command" "$1" | cmp -s - "answer.$command" || echo "$command"
		# It would have to open the pipe again.
		[ "$command" != watch ] || continue
		case $command in
		gdbserver) answer "$command" <(cat "$1") ;;
		*) cat "$1" | answer "$command" - ;;
		esac | cmp -s - "answer.$command" || echo "$command from a pipe"
	done >unlike
	sed 's/^/# unlike: /' unlike
	[ ! -s unlike ]
}
! "$HPT" --version | grep -q '^compressed files: lib' || xz -0 -c "$plain" >plain.xz
containers=(plain.xz raw.save gzip.save lzop.save disk.qcow2)
! "$HPT" vmcore "$plain" -o core.elf 2>/dev/null || containers+=(core.elf)
for file in "${containers[@]}"; do
	[ ! -e "$file" ] || ok "every command: $file, and through a pipe" all_agree "$file"
done

# A dump of three pages, of which the middle one is left out: as it is, and zeros by LZO.
python3 - >dump <<'END'
import struct
import sys
unit = 4096
lzo = bytes.fromhex("120020" + "00" * 15 + "ed0000110000")
head = (b"KDUMP   " + struct.pack("<I", 6)).ljust(428, b"\0")
head += struct.pack("<9I", unit, 1, 2, 0, 0, 0, 0, 0, 2)
at = 4 * unit + 48
parts = (head, bytes(96) + struct.pack("<Q", 3), b"\x07", b"\x05")
sys.stdout.buffer.write(b"".join(p.ljust(unit, b"\0") for p in parts)
                        + struct.pack("<QIIQ", at, unit, 0, 0)
                        + struct.pack("<QIIQ", at + unit, len(lzo), 2, 0) + b"A" * unit + lzo)
END
run info dump
ok "a dump: no table" status_is 1
ok "a dump: what it is" line "container    kdump: version 6, little-endian, 2 pages of 4 KiB, 2 CPUs"
run dump dump
ok "a dump: why there is no table" refused 1 "the guest's memory alone. A pseries guest's table"
"$HPT" read --real --raw dump 4095 1 >out
ok "a dump: a page" out_is A
run read --real dump 0x2000 16
ok "a dump: a page of LZO" out_has "0000000000002000  00 00 00 00"
run read --real dump 0x1000 16
ok "a dump: a page that was left out" err_has "0x1000: there is no RAM, or the dump left it out"
run read dump 0x1000 16
ok "a dump: no translation" refused 1 "the guest's memory alone"
run dump --sdr1 0 dump
ok "a dump: a table that is not there" refused 1 "SDR1 is 0"
run info --kind kdump dump
ok "said to be one" status_is 1
run dump --kind kdump raw.save
ok "said to be one, and is another" refused 2 "not a kdump file"
run dump --kind kdump /dev/null
ok "said to be one, and is not" refused 2 "not a kdump file"
finish
