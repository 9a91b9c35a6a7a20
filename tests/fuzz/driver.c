/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver DIRECTORY [MUTATIONS]: runs a fuzz target without a fuzzer, in TAP: every file
 * of the corpus as it is, then mutations of them, the same ones in every run.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

#define MUTATIONS 20000
#define INPUT_MAX 8192
#define FILES_MAX 64

/* Words that the parsers look for, so that mutations reach behind them. */
static const char *const words[] = {
	"@",          "!",
	"+",          "+65535",
	":65535",     ":0",
	"/127",       "/3",
	",",          "#",
	"\n",         "\r\n",
	" ",          "[",
	"]",          "*",
	"c=",         "m=",
	"v=0\n",      "incl",
	"IN IP4",     "IN IP6",
	"10.9.0.1",   "fd09::1",
	"::",         "239",
	"ff3e::",     "a=source-filter:",
	"4294967296", "255.255.255.255",
};

struct input {
	size_t len;
	uint8_t data[INPUT_MAX];
};

struct corpus {
	size_t n_files;
	struct input files[FILES_MAX];
};

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

static int read_input(const char *directory, const char *name, struct input *input)
{
	char path[4096];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	in = fopen(path, "rb");
	if (!in)
		return -errno;
	input->len = fread(input->data, 1, sizeof(input->data), in);
	fclose(in);
	return 0;
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int read_corpus(const char *directory, struct corpus *corpus)
{
	struct dirent **entries;
	int n = scandir(directory, &entries, is_file, alphasort), r = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (r == 0 && corpus->n_files < FILES_MAX)
			r = read_input(directory, entries[i]->d_name,
				       &corpus->files[corpus->n_files++]);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* Replaces n octets at a place by others. */
static void splice(struct input *input, size_t at, size_t n, const void *data, size_t len)
{
	if (input->len - n + len > INPUT_MAX)
		return;
	memmove(input->data + at + len, input->data + at + n, input->len - at - n);
	memcpy(input->data + at, data, len);
	input->len += len - n;
}

static void mutate(struct input *input, const struct input *other, uint64_t *random)
{
	const char *word =
		words[next_random(random) % (sizeof(words) / sizeof(words[0]))];
	size_t at = input->len ? next_random(random) % input->len : 0;
	size_t n = input->len ? next_random(random) % (input->len - at) : 0;
	uint8_t octet = (uint8_t)next_random(random);
	size_t from = other->len ? next_random(random) % other->len : 0;

	switch (next_random(random) % 6) {
	case 0:
		splice(input, at, n % 8, word, strlen(word));
		break;
	case 1:
		splice(input, at, 0, word, strlen(word));
		break;
	case 2:
		splice(input, at, n % 16, "", 0);
		break;
	case 3:
		splice(input, at, input->len > at ? 1 : 0, &octet, 1);
		break;
	case 4:
		splice(input, at, n, other->data + from, other->len - from);
		break;
	default:
		input->len = at;
		break;
	}
}

static void run_mutations(const struct corpus *corpus, unsigned long n_mutations)
{
	static struct input input;
	uint64_t random = 20260101;

	for (unsigned long i = 0; i < n_mutations; i++) {
		size_t n = 1 + next_random(&random) % 4;

		input = corpus->files[next_random(&random) % corpus->n_files];
		while (n-- > 0)
			mutate(&input,
			       &corpus->files[next_random(&random) % corpus->n_files],
			       &random);
		LLVMFuzzerTestOneInput(input.data, input.len);
	}
}

int main(int argc, char **argv)
{
	struct corpus *corpus = calloc(1, sizeof(*corpus));
	unsigned long n_mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : MUTATIONS;

	if (argc < 2 || argc > 3 || !n_mutations || !corpus ||
	    read_corpus(argv[1], corpus) < 0 || corpus->n_files == 0) {
		printf("Bail out! no corpus\n");
		return EXIT_FAILURE;
	}
	printf("1..2\n");
	for (size_t i = 0; i < corpus->n_files; i++)
		LLVMFuzzerTestOneInput(corpus->files[i].data, corpus->files[i].len);
	printf("ok 1 - the %zu files of the corpus\n", corpus->n_files);
	run_mutations(corpus, n_mutations);
	printf("ok 2 - %lu mutations of them\n", n_mutations);
	free(corpus);
	return EXIT_SUCCESS;
}
