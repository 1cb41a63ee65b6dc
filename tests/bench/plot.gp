# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The plots of doc/performance.md, of what "bench --plot" printed: one block a plot.
set terminal svg size 640,400 font "sans-serif,12" background "white"
set key left top
set grid
set logscale x 2
set format x "2^{%L}"

set output out."/growth-table.svg"
set xlabel "bytes of the table"
set ylabel "ns an address"
set yrange [0:*]
plot data index 0 using (2**$1):2 with linespoints title "hpt\\_translate, cold", \
	data index 0 using (2**$1):3 with linespoints title "one dependent load", \
	data index 0 using (2**$1):4 with linespoints title "hpt\\_translate\\_many", \
	data index 0 using (2**$1):5 with linespoints title "16 loads in flight"

unset logscale x
unset format x
set output out."/growth-ram.svg"
set xlabel "GiB of RAM, all of it in the file as pages of zeros"
set ylabel "ms to open"
plot data index 1 using 1:2 with linespoints title "walk and index", \
	data index 1 using 1:3 with linespoints title "read(2) of the file"

set output out."/growth-threads.svg"
set xlabel "threads, one a CPU, on one table of 2^{26} bytes"
set ylabel "million addresses a second"
set xtics 1
plot data index 2 using 1:2 with linespoints title "hpt\\_translate\\_many"

set output out."/growth-vcpus.svg"
set xlabel "vCPUs of a guest of 256 MiB"
set ylabel "ms to open"
set logscale x 2
set xtics auto
plot data index 3 using 1:2 with linespoints title "hpt\\_guest\\_open", \
	data index 3 using 1:3 with linespoints title "read(2) of the file"
