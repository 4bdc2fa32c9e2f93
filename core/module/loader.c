/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a name in YAML to a descriptor. The only user of <dlfcn.h>.
 *
 * Modules are opened with RTLD_NOW, so that a missing symbol is told here and
 * not at its first call, with RTLD_LOCAL, so that modules do not see each
 * other, and with RTLD_NODELETE, so that no thread or stack trace is left
 * pointing into unmapped memory.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/module/folder.h"
#include "core/module/loader.h"

#define SYMBOL  "ew_module"

struct loader {
	struct list modules;            /* struct module */
	struct folder *folder;
};

int loader_new(const char *const *directories, size_t count, struct loader **loader_out)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int error;

	if (loader == NULL) {
		return -ENOMEM;
	}
	list_init(&loader->modules);
	error = folder_new(directories, count, &loader->folder);
	if (error != 0) {
		loader_free(&loader);
		return error;
	}
	*loader_out = loader;
	return 0;
}

void loader_free(struct loader **loader_at)
{
	struct loader *loader = *loader_at;

	if (loader == NULL) {
		return;
	}
	*loader_at = NULL;
	while (!list_is_empty(&loader->modules)) {
		struct module *module = list_entry(loader->modules.next, struct module, node);

		module_free(&module);
	}
	folder_free(&loader->folder);
	free(loader);
}

static int check_header(const char *file, const ElfW(Ehdr) *elf, size_t size,
			struct ew_error *err)
{
	int expected_class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

	if (size < EI_NIDENT || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) {
		return ew_fail(err, "%s: not a shared object: found no ELF header, expected what "
			       "'cc -shared' makes", file);
	}
	if (elf->e_ident[EI_CLASS] != expected_class) {
		return ew_fail(err, "%s: built for a %d-bit machine, expected %d-bit: build it on, "
			       "or for, this machine", file,
			       elf->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
			       expected_class == ELFCLASS64 ? 64 : 32);
	}
	if (size < sizeof(*elf)) {
		return ew_fail(err, "%s: not a shared object: the file ends in its header, "
			       "expected what 'cc -shared' makes", file);
	}
	if (elf->e_type != ET_DYN || elf->e_phentsize != sizeof(ElfW(Phdr))) {
		return ew_fail(err, "%s: not a shared object: ELF type %u, expected %u: link it "
			       "with -shared", file, elf->e_type, ET_DYN);
	}
	return 0;
}

/* A segment beyond the end of the file would be a SIGBUS in dlopen(). */
static int check_segments(const char *file, int fd, const ElfW(Ehdr) *elf, struct ew_error *err)
{
	struct stat info;
	ElfW(Phdr) segment;

	if (fstat(fd, &info) != 0) {
		return ew_fail(err, "%s: cannot be read: %s", file, strerror(errno));
	}
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		off_t at = (off_t)(elf->e_phoff + i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment) ||
		    segment.p_offset > (uint64_t)info.st_size ||
		    segment.p_filesz > (uint64_t)info.st_size - segment.p_offset) {
			return ew_fail(err, "%s: the file is cut: it has %lld bytes and its "
				       "segment %u lies beyond: copy it again", file,
				       (long long)info.st_size, i);
		}
	}
	return 0;
}

/* Look into the file first: dlopen() says less, and says it in the C library's words. */
static int check_file(const char *file, struct ew_error *err)
{
	ElfW(Ehdr) elf = { .e_type = 0 };
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t size;
	int error;

	if (fd < 0) {
		return ew_fail(err, "%s: cannot be read: %s: let edgewayd's user read it", file,
			       strerror(errno));
	}
	size = read(fd, &elf, sizeof(elf));
	if (size < 0) {
		error = ew_fail(err, "%s: cannot be read: %s", file, strerror(errno));
	} else {
		error = check_header(file, &elf, (size_t)size, err);
	}
	if (error == 0) {
		error = check_segments(file, fd, &elf, err);
	}
	(void)close(fd);
	return error;
}

/* The text of dlerror() without the file's name, which stands in front already. */
static const char *why_not_opened(const char *file)
{
	const char *text = dlerror();
	size_t size = strlen(file);

	if (text == NULL) {
		return "unknown reason";
	}
	if (strncmp(text, file, size) == 0 && text[size] == ':') {
		text += size + 1;
		text += strspn(text, " ");
	}
	return text;
}

static int open_file(const char *file, void **handle_out, struct ew_error *err)
{
	const char *why;

	*handle_out = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (*handle_out != NULL) {
		return 0;
	}
	why = why_not_opened(file);
	if (strstr(why, "undefined symbol") != NULL || strstr(why, "version `EW_") != NULL) {
		return ew_fail(err, "%s: needs what this edgeway does not have (%s): build the "
			       "module against this edgeway and link it with -Wl,-z,defs",
			       file, why);
	}
	return ew_fail(err, "%s: cannot be loaded: %s", file, why);
}

/* The descriptor of this file; one of a library that it depends on does not count. */
static int find_descriptor(void *handle, const char *file, const struct ew_module **found_out,
			   struct ew_error *err)
{
	const struct ew_module *found = dlsym(handle, SYMBOL);
	const ElfW(Sym) *symbol = NULL;
	struct link_map *map = NULL;
	void *extra = NULL;
	Dl_info info;

	if (found == NULL || dladdr1(found, &info, &extra, RTLD_DL_SYMENT) == 0 ||
	    dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 ||
	    strcmp(info.dli_fname, map->l_name) != 0) {
		return ew_fail(err, "%s: exports no symbol '" SYMBOL "', expected one: define it "
			       "with EW_MODULE() and do not hide it", file);
	}
	symbol = extra;
	if (symbol != NULL && symbol->st_size < offsetof(struct ew_module, flags)) {
		return ew_fail(err, "%s: its symbol '" SYMBOL "' has %lu bytes, expected %zu: "
			       "define it with EW_MODULE()", file, (unsigned long)symbol->st_size,
			       sizeof(*found));
	}
	if (symbol != NULL && symbol->st_size < found->size && found->magic == EW_MODULE_MAGIC) {
		return ew_fail(err, "%s: its descriptor says it has %lu bytes, its symbol has "
			       "%lu: define it with EW_MODULE()", file, (unsigned long)found->size,
			       (unsigned long)symbol->st_size);
	}
	*found_out = found;
	return 0;
}

static int load(struct loader *loader, const char *name, const char *file,
		const struct module **module_out, struct ew_error *err)
{
	const struct ew_module *found = NULL;
	struct module *module = NULL;
	void *handle = NULL;
	int error = check_file(file, err);

	if (error == 0) {
		error = open_file(file, &handle, err);
	}
	if (error == 0) {
		error = find_descriptor(handle, file, &found, err);
	}
	if (error == 0) {
		error = module_new(found, file, name, &module, err);
	}
	/* a count less, no more: RTLD_NODELETE keeps what is loaded */
	if (handle != NULL) {
		(void)dlclose(handle);
	}
	if (error == 0) {
		list_push(&loader->modules, &module->node);
		*module_out = module;
	}
	return error;
}

static struct module *find_loaded(struct loader *loader, const char *name)
{
	struct list *node;

	list_for_each(node, &loader->modules) {
		struct module *module = list_entry(node, struct module, node);

		if (strcmp(module->what.name, name) == 0) {
			return module;
		}
	}
	return NULL;
}

int loader_find(struct loader *loader, const char *name, const struct module **module_out,
		struct ew_error *err)
{
	const struct module *module;
	char *file = NULL;
	int error;

	if (!module_name_is_valid(name)) {
		return ew_fail(err, "'%.60s' is no name of a module, expected [a-z][a-z0-9_]* of "
			       "at most %d characters", name, MODULE_NAME_MAX);
	}
	module = find_loaded(loader, name);
	if (module != NULL) {
		*module_out = module;
		return 0;
	}
	error = folder_find(loader->folder, name, &file, err);
	if (error == 0) {
		error = load(loader, name, file, module_out, err);
	}
	free(file);
	return error;
}

int loader_walk(struct loader *loader, int (*fn)(void *arg, const struct module *module),
		void *arg)
{
	struct list *node;
	int result = 0;

	list_for_each(node, &loader->modules) {
		result = fn(arg, list_entry(node, struct module, node));
		if (result != 0) {
			break;
		}
	}
	return result;
}

int loader_list(struct loader *loader, int (*fn)(void *arg, const char *name), void *arg)
{
	return folder_list(loader->folder, fn, arg);
}
