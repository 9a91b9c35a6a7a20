# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# asm: what the tests of the tools on kernels that only have any-source joins share,
# over common.bash and its kin.

# The kinds of them, as no-filters.py has them. On those of the second list socket
# filters do nothing, so that a program that receives must filter by itself, and only
# it knows what it filters.
KERNELS=(ENOPROTOOPT EOPNOTSUPP 0 '--no-joins ENOPROTOOPT' '--no-joins 0')
KERNELS_WITHOUT_BPF=('--no-bpf 0' '--no-bpf=ENOPROTOOPT --no-joins EOPNOTSUPP')

# on_kernel KIND: from now on the tools run on such a kernel; none: on this one.
on_kernel() {
	local bin=$BATS_TEST_TMPDIR/bin tool
	: "${PATH_WITHOUT_ASM:=$PATH}"

	PATH=$PATH_WITHOUT_ASM
	[ "$1" != none ] || return 0
	mkdir -p "$bin"
	for tool in mjoin mwatch msfctl; do
		printf '#!/bin/sh\nexec python3 %q %s %q "$@"\n' \
			"$BATS_TEST_DIRNAME/no-filters.py" "$1" "$(command -v "$tool")" \
			> "$bin/$tool"
		chmod +x "$bin/$tool"
	done
	PATH=$bin:$PATH
}

