/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main of a fuzz program where there is no libFuzzer: feeds it the files of
 * its corpus, the beginnings of each, and nothing at all. Without arguments the
 * corpus of fuzz_X is tests/fuzz/corpus/X below $top_srcdir; else arguments are
 * files and folders. An empty corpus is a failure: it would prove nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define REPLAY_FILE_MAX    (64L << 20)  /* bytes */
#define REPLAY_PREFIX_MAX  512          /* beginnings of a file that are tried */

static size_t replayed;

/* The bytes are on the heap in their exact size, so that ASan sees one too far. */
static void replay_bytes(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy) {
		abort();
	}
	if (size) {
		memcpy(copy, bytes, size);
	}
	(void)LLVMFuzzerTestOneInput(copy, size);       /* its answer is for libFuzzer */
	free(copy);
}

static int replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(size + 1);
	size_t i;
	int rc = -EIO;

	if (!file || !bytes || size > REPLAY_FILE_MAX || fread(bytes, 1, size, file) != size) {
		fprintf(stderr, "%s: cannot be read\n", path);
		goto out;
	}
	for (i = 0; i < size && i < REPLAY_PREFIX_MAX; i++) {
		replay_bytes(bytes, i);
	}
	replay_bytes(bytes, size);
	replayed++;
	rc = 0;
out:
	free(bytes);
	if (file) {
		fclose(file);
	}
	return rc;
}

static int replay_path(const char *path);

static int replay_folder(const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);
	int rc = count < 0 ? -errno : 0;
	int i;

	for (i = 0; i < count; i++) {
		char name[PATH_MAX];

		if (rc == 0 && entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			rc = replay_path(name);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int replay_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		return replay_folder(path);
	}
	return replay_file(path, (size_t)st.st_size);
}

static int replay_own_corpus(const char *program)
{
	const char *top = getenv("top_srcdir");
	const char *name = strstr(program, "fuzz_");
	const char *next;
	char path[PATH_MAX];

	while (name && (next = strstr(name + 1, "fuzz_"))) {
		name = next;
	}
	if (!name) {
		fprintf(stderr, "%s: not named fuzz_X\n", program);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : ".",
		 name + strlen("fuzz_"));
	return replay_path(path);
}

int main(int argc, char **argv)
{
	int rc = 0;
	int i;

	replay_bytes(NULL, 0);
	if (argc < 2) {
		rc = replay_own_corpus(argv[0]);
	}
	for (i = 1; i < argc && rc == 0; i++) {
		rc = replay_path(argv[i]);
	}
	printf("%zu files\n", replayed);
	return rc == 0 && replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
