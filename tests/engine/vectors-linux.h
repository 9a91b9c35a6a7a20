/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vectors-linux: the IGMPv3 and MLDv2 reports that the Linux kernel's selftests of its
 * bridge send (bridge_igmp.sh, bridge_mld.sh), from the type on, beside what they mean.
 * They were made by another implementation than ours: their checksums judge our encoder.
 * Those of MLDv2 are from fe80::fc54:ff:fe04:5eba to ff02::1, not to ff02::16, which
 * their checksums count.
 */
#ifndef VECTORS_LINUX_H
#define VECTORS_LINUX_H

#include "engine/engine.h"

#define VECTORS_LINUX_MLD_SOURCE      "fe80::fc54:ff:fe04:5eba"
#define VECTORS_LINUX_MLD_DESTINATION "ff02::1"

struct vector_linux {
	enum engine_family family;
	const char *records; /* as vectors.h reads them */
	const char *hex;
};

static const struct vector_linux vectors_linux[] = {
	/* v3include, and what the others begin with */
	{ ENGINE_IPV4, "IS_IN(239.10.10.10){192.0.2.1,192.0.2.2,192.0.2.3}",
	  "22009dde0000000101000003ef0a0a0ac0000201c0000202c0000203" },
	/* v3inc_is_include */
	{ ENGINE_IPV4, "IS_IN(239.10.10.10){192.0.2.10,192.0.2.11,192.0.2.12}",
	  "22009dc30000000101000003ef0a0a0ac000020ac000020bc000020c" },
	/* v3exc_is_include */
	{ ENGINE_IPV4, "IS_IN(239.10.10.10){192.0.2.20,192.0.2.30}",
	  "22005fb40000000101000002ef0a0a0ac0000214c000021e" },
	/* v3inc_allow */
	{ ENGINE_IPV4, "ALLOW(239.10.10.10){192.0.2.10,192.0.2.11,192.0.2.12}",
	  "220099c30000000105000003ef0a0a0ac000020ac000020bc000020c" },
	/* v3exc_allow, v3exc_timeout */
	{ ENGINE_IPV4, "ALLOW(239.10.10.10){192.0.2.20,192.0.2.30}",
	  "22005bb40000000105000002ef0a0a0ac0000214c000021e" },
	/* v3inc_is_exclude, and what v3exc_* begin with */
	{ ENGINE_IPV4, "IS_EX(239.10.10.10){192.0.2.1,192.0.2.2,192.0.2.20,192.0.2.21}",
	  "2200dab60000000102000004ef0a0a0ac0000201c0000202c0000214c0000215" },
	/* v3exc_is_exclude */
	{ ENGINE_IPV4, "IS_EX(239.10.10.10){192.0.2.20,192.0.2.30}",
	  "22005eb40000000102000002ef0a0a0ac0000214c000021e" },
	/* v3inc_to_exclude, v3exc_to_exclude */
	{ ENGINE_IPV4, "TO_EX(239.10.10.10){192.0.2.1,192.0.2.20,192.0.2.30}",
	  "22009ab10000000104000003ef0a0a0ac0000201c0000214c000021e" },
	/* v3inc_block, v3exc_block */
	{ ENGINE_IPV4, "BLOCK(239.10.10.10){192.0.2.1,192.0.2.20,192.0.2.30}",
	  "220098b10000000106000003ef0a0a0ac0000201c0000214c000021e" },
	/* mldv2include, and what the others begin with */
	{ ENGINE_IPV6, "IS_IN(ff02::cc){2001:db8:1::1,2001:db8:1::2,2001:db8:1::3}",
	  "8f008ed90000000101000003ff0200000000000000000000000000cc20010db8"
	  "00010000000000000000000120010db800010000000000000000000220010db8"
	  "000100000000000000000003" },
	/* mldv2inc_is_include */
	{ ENGINE_IPV6, "IS_IN(ff02::cc){2001:db8:1::10,2001:db8:1::11,2001:db8:1::12}",
	  "8f008eac0000000101000003ff0200000000000000000000000000cc20010db8"
	  "00010000000000000000001020010db800010000000000000000001120010db8"
	  "000100000000000000000012" },
	/* mldv2inc_allow */
	{ ENGINE_IPV6, "ALLOW(ff02::cc){2001:db8:1::10,2001:db8:1::11,2001:db8:1::12}",
	  "8f008aac0000000105000003ff0200000000000000000000000000cc20010db8"
	  "00010000000000000000001020010db800010000000000000000001120010db8"
	  "000100000000000000000012" },
	/* mldv2exc_allow */
	{ ENGINE_IPV6, "ALLOW(ff02::cc){2001:db8:1::20,2001:db8:1::30}",
	  "8f00b85a0000000105000002ff0200000000000000000000000000cc20010db8"
	  "00010000000000000000002020010db8000100000000000000000030" },
	/* mldv2inc_is_exclude, and what mldv2exc_* begin with */
	{ ENGINE_IPV6,
	  "IS_EX(ff02::cc){2001:db8:1::1,2001:db8:1::2,2001:db8:1::20,2001:db8:1::21}",
	  "8f005fd00000000102000004ff0200000000000000000000000000cc20010db8"
	  "00010000000000000000000120010db800010000000000000000000220010db8"
	  "00010000000000000000002020010db8000100000000000000000021" },
	/* mldv2inc_to_exclude */
	{ ENGINE_IPV6, "TO_EX(ff02::cc){2001:db8:1::1,2001:db8:1::20,2001:db8:1::30}",
	  "8f008b8e0000000104000003ff0200000000000000000000000000cc20010db8"
	  "00010000000000000000000120010db800010000000000000000002020010db8"
	  "000100000000000000000030" },
};

#define VECTORS_LINUX (sizeof(vectors_linux) / sizeof(vectors_linux[0]))

#endif
