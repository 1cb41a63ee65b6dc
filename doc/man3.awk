# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Makes manual pages of section 3 from doxygen's: one for each function, one for each
# structure, one for each header. Doxygen itself puts a header's functions into one page.
#
#	awk -v out=DIRECTORY -v version=0.1.0 -f man3.awk RAW/*.h.3 RAW/hpt_*.3
#
# The headers' pages come first: a structure that has a function's name is put aside as
# struct_NAME.

function plain(text)
{
	gsub(/\\f[BCIPR]/, "", text)
	gsub(/\\&/, "", text)
	return text
}

function begin(name)
{
	page = out "/" name ".3"
	print ".\\\" SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause" > page
	printf ".TH \"%s\" 3 \"\" \"libhpt %s\" \"libhpt\"\n.ad l\n.nh\n", name, version > page
}

function end()
{
	if (page != "")
		close(page)
	page = ""
}

# The page of a function, up to its description, from what doxygen has as its heading.
function begin_function(heading,    prototype, name)
{
	prototype = plain(heading)
	sub(/^\.SS "/, "", prototype)
	sub(/"$/, "", prototype)
	gsub(/\* /, "*", prototype)
	sub(/ \(/, "(", prototype)
	match(prototype, /hpt_[a-z0-9_]+\(/)
	name = substr(prototype, RSTART, RLENGTH - 1)
	functions[name] = 1
	begin(name)
	waiting = name
	synopsis = "\\fB" prototype ";\\fP"
}

# The first line of its text is the name's.
function brief(text)
{
	sub(/\\&\. *$/, "", text)
	printf ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.nf\n\\fB#include <%s>\\fP\n.fi\n.PP\n%s\n", \
		waiting, text, header, synopsis > page
	print ".SH DESCRIPTION" > page
	waiting = ""
}

function begin_file(    name)
{
	end()
	part = ""
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.3$/, "", name)
	if (name ~ /\.h$/) {
		header = "hpt/" name
		kind = "header"
		if (name !~ /^hpt/)
			name = "hpt_" name
	} else {
		kind = "structure"
		if (name in functions)
			name = "struct_" name
	}
	own = name
}

FNR == 1 { begin_file(); begin(own); next }
FNR <= 3 && /^\.(ad|nh)/ { next }
/^\.SH "Author"/ { end(); part = "skip"; next }
part == "skip" { next }
# Doxygen writes quotes as they are; at a line's start they would be a request.
/^'/ { $0 = "\\&" $0 }
kind == "structure" {
	print > page
	next
}
/^\.SH "Function Documentation"/ { end(); part = "functions"; next }
part != "functions" { print > page; next }
/^\.SS "/ { end(); begin_function($0); next }
page == "" { next }
waiting != "" && /^\.PP/ { next }
waiting != "" && NF == 0 { next }
waiting != "" { brief($0); next }
/^\\fBParameters\\fP$/ { print ".SS Parameters" > page; next }
/^\\fBReturns\\fP$/ { print ".SH RETURN VALUE" > page; returned = 1; next }
/^\.RE/ && returned { print ".RE\n.SH NOTES" > page; returned = 0; next }
{ print > page }
END { end() }
