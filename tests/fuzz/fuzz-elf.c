/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: the program that `msfctl run` is to start, of which the ELF heads are read.
 * Sent by: whoever made the file; it runs with the caller's rights only after that.
 *
 * Any bytes are no ELF file, or one whose linker's name ends.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/run-elf.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("program", MFD_CLOEXEC), r;
	struct run_elf elf;
	char path[64];

	target_expect(fd >= 0 && write(fd, data, len) == (ssize_t)len, "a file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(&elf, 0xaa, sizeof(elf));
	r = run_elf_read(path, &elf);
	close(fd);
	target_expect(r == 0 || r == 1, "an ELF file or none");
	if (r == 1)
		target_expect(memchr(elf.linker, '\0', sizeof(elf.linker)) &&
				      run_elf_is_alike(&elf, &elf),
			      "a name that ends");
	return 0;
}
