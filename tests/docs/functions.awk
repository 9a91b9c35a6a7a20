# SPDX-License-Identifier: BSD-2-Clause
# Cuts the C blocks out of a document: awk -f functions.awk porting.md. Functions become
# static, so that none misses a declaration.
/^```c$/ { inside = 1; next }
/^```/ { inside = 0 }
inside {
	if (/^int [a-z_0-9]+\(/)
		sub(/^/, "static ")
	print
}
