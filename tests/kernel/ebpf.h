/* SPDX-License-Identifier: BSD-2-Clause */
/* An eBPF program, as an application may have one on its socket. */
#ifndef EBPF_H
#define EBPF_H

/* One that lets everything pass: a descriptor, or -errno where none may be loaded. */
int ebpf_load(void);

#endif
