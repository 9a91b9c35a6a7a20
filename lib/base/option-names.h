/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of socket options that the libc headers of older systems lack, with the
 * numbers that Linux gives them. Included behind the headers that may define them.
 */
#ifndef BASE_OPTION_NAMES_H
#define BASE_OPTION_NAMES_H

#ifndef IP_MULTICAST_ALL
#define IP_MULTICAST_ALL 49
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

#endif
