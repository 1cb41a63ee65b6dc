# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# shellcheck shell=bash
# For fetch and packages: apt as the system has set it up, its sources and its keys, which
# writes to a directory of its own. Nothing is installed, and this system's own package lists
# and architectures stay as they are; apt checks the archive's signatures itself.

readonly TIME_LIMIT=120 # seconds, for each thing that apt does

cannot()
{
	echo "$(basename "$0"): $*" >&2
	exit 77
}

# private_apt DIRECTORY TOOL...: where apt writes, and a log of what it says.
private_apt()
{
	local tool
	state=$1/apt
	log=$1/apt.log
	shift
	for tool in apt-get timeout "$@"; do
		command -v "$tool" > /dev/null || cannot "$tool is missing: this needs Debian's tools"
	done
	mkdir -p "$state/"{lists/partial,cache/archives/partial,sources.list.d} ||
		cannot "no room in $state"
	: > "$state/status"
	: > "$log"
}

# private ARGUMENTS...: apt-get
private()
{
	timeout --kill-after=10 "$TIME_LIMIT" apt-get -q -o APT::Sandbox::User= \
		-o Acquire::Retries=2 -o Acquire::Languages=none -o Dir::State="$state" \
		-o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" \
		-o Dir::Cache="$state/cache" "$@" < /dev/null >> "$log" 2>&1
}
