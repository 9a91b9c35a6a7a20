/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of the library that runs, where the header tells that of the compiler. */
#include <msf.h>

uint32_t msf_get_version(void)
{
	return MSF_VERSION;
}
