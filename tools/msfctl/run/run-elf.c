/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-elf: the heads of an ELF file (see run-elf.h).
 *
 * Invariant: of a file of any content only as much is believed as was read.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "run-elf.h"

#define HEADERS_MAX 1024 /* the kernel reads no more of them than a page has */

/* All of len bytes, or 0: there are not so many. */
static int read_at(int fd, void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	/* Beyond this pread() does not say "not so many" but EINVAL. */
	if (offset > (uint64_t)INT64_MAX - len)
		return 0;
	n = pread(fd, buf, len, (off_t)offset);
	if (n < 0)
		return -errno;
	return (size_t)n == len;
}

static int read_linker(int fd, const ElfW(Phdr) * header, struct run_elf *ret)
{
	size_t len = header->p_filesz;

	if (len == 0 || len > sizeof(ret->linker))
		return 0;
	if (read_at(fd, ret->linker, len, header->p_offset) != 1 ||
	    ret->linker[len - 1] != '\0')
		ret->linker[0] = '\0';
	return 0;
}

static int read_headers(int fd, const ElfW(Ehdr) * head, struct run_elf *ret)
{
	ElfW(Phdr) header;
	int r = 1;

	if (head->e_phentsize != sizeof(header) || head->e_phnum > HEADERS_MAX)
		return 0;
	for (unsigned int i = 0; r == 1 && i < head->e_phnum; i++) {
		r = read_at(fd, &header, sizeof(header),
			    head->e_phoff + i * sizeof(header));
		if (r == 1 && header.p_type == PT_INTERP)
			return read_linker(fd, &header, ret);
	}
	return r < 0 ? r : 0;
}

static int read_file(int fd, struct run_elf *ret)
{
	static const ElfW(Half) one = 1;
	unsigned char own_width = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	unsigned char own_order = *(const char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
	ElfW(Ehdr) head;
	int r = read_at(fd, &head, sizeof(Elf32_Ehdr), 0);

	if (r <= 0 || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		return r < 0 ? r : 0;
	ret->width = head.e_ident[EI_CLASS];
	ret->order = head.e_ident[EI_DATA];
	ret->machine = head.e_machine;
	ret->linker[0] = '\0';
	if (ret->width == own_width && ret->order == own_order) {
		r = read_at(fd, &head, sizeof(head), 0);
		if (r == 1)
			r = read_headers(fd, &head, ret);
	}
	return r < 0 ? r : 1;
}

int run_elf_read(const char *path, struct run_elf *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

	if (fd < 0)
		return -errno;
	r = read_file(fd, ret);
	close(fd);
	return r;
}

bool run_elf_is_alike(const struct run_elf *a, const struct run_elf *b)
{
	return a->width == b->width && a->order == b->order && a->machine == b->machine;
}
