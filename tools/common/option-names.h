/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of socket options that the libc headers of older systems lack, with the
 * numbers that Linux gives them. Included behind the headers that may define them.
 */
#ifndef COMMON_OPTION_NAMES_H
#define COMMON_OPTION_NAMES_H

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

#endif
