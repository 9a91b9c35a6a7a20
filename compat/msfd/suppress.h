/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suppress: keeps the kernel's own reports and leaves off the wire, by a table of
 * nftables that belongs to this process: it vanishes with it, however that ends.
 */
#ifndef MSFD_SUPPRESS_H
#define MSFD_SUPPRESS_H

struct suppress;

/* 0; -EPERM: CAP_NET_ADMIN is needed; -EEXIST: another msfd of this namespace has it;
 * -EOPNOTSUPP: no nftables, or none with owners (Linux before 5.12). */
int suppress_new(struct suppress **ret);
struct suppress *suppress_free(struct suppress *suppress);

#endif
