/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is a header, the slots, and a table of names open-addressed by
 * their hash. A name's `key` is stored last, with release: who finds it reads
 * the whole name. Names are never removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/boot.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/module/running.h"

#define RUNNING_FORMAT  1u
#define OTHER           1u      /* the number for all names that have no place */
#define OTHER_NAME      "other"

static const char running_magic[8] = "ewrun\r\n";

struct running_entry {
	_Atomic uint64_t key;           /* hash of the name; 0: free */
	char name[RUNNING_NAME_SIZE];
};

struct running_file {
	char magic[8];
	uint32_t format;
	int32_t pid;
	int64_t started;
	char boot_id[BOOT_ID_SIZE];
	uint32_t clean;
	_Atomic int32_t signal;         /* what running_crashed() was told */
	_Atomic uint32_t crashed;       /* slot + 1; 0: none, or in core */
	uint32_t reserved;
	struct running_slot slots[RUNNING_SLOTS];
	struct running_entry names[RUNNING_NAMES];
};

struct running {
	struct running_file *file;
	pthread_mutex_t lock;           /* slots taken, names added */
	size_t name_count;
};

static int map_memory(int fd, struct running_file **file_out)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *at = mmap(NULL, sizeof(struct running_file), PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED) {
		return -errno;
	}
	*file_out = at;
	return 0;
}

/* A new file beside the old one, then in its place: no reader sees half of it. */
static int map_file(const char *path, struct running_file **file_out)
{
	char *fresh = NULL;
	int error = 0;
	int fd;

	if (asprintf(&fresh, "%s.new", path) < 0) {
		return -ENOMEM;
	}
	(void)unlink(fresh);
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		error = -errno;
	} else {
		/* reserve it now: a full disk later would be a SIGBUS */
		error = -posix_fallocate(fd, 0, sizeof(struct running_file));
	}
	if (error == 0) {
		error = map_memory(fd, file_out);
	}
	if (error == 0 && rename(fresh, path) != 0) {
		error = -errno;
		(void)munmap(*file_out, sizeof(**file_out));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (error != 0) {
		(void)unlink(fresh);
	}
	free(fresh);
	return error;
}

int running_open(const char *path, struct running **running_out)
{
	struct running *running = calloc(1, sizeof(*running));
	int error;

	if (running == NULL) {
		return -ENOMEM;
	}
	error = path == NULL ? map_memory(-1, &running->file) : map_file(path, &running->file);
	if (error != 0) {
		free(running);
		return error;
	}
	(void)pthread_mutex_init(&running->lock, NULL);
	running->file->format = RUNNING_FORMAT;
	running->file->pid = getpid();
	running->file->started = clock_utc();
	boot_id_read(running->file->boot_id);
	memcpy(running->file->magic, running_magic, sizeof(running_magic));
	*running_out = running;
	return 0;
}

void running_close(struct running **running_at)
{
	struct running *running = *running_at;

	if (running == NULL) {
		return;
	}
	*running_at = NULL;
	running->file->clean = 1;
	(void)munmap(running->file, sizeof(*running->file));
	(void)pthread_mutex_destroy(&running->lock);
	free(running);
}

/* Place 0 stands for OTHER: a name never gets it. */
static size_t first_place(uint64_t key)
{
	return 1 + (size_t)(key % (RUNNING_NAMES - 1));
}

static size_t next_place(size_t place)
{
	return place + 1 < RUNNING_NAMES ? place + 1 : 1;
}

/* Numbers are the place and one more, so that none is 0. */
static uint32_t find_name(const struct running_file *file, uint64_t key, const char *name,
			  size_t *free_out)
{
	size_t place = first_place(key);

	for (size_t i = 1; i < RUNNING_NAMES; i++, place = next_place(place)) {
		const struct running_entry *entry = &file->names[place];
		uint64_t found = atomic_load_explicit(&entry->key, memory_order_acquire);

		if (found == 0) {
			*free_out = place;
			return 0;
		}
		if (found == key && strncmp(entry->name, name, sizeof(entry->name) - 1) == 0) {
			return (uint32_t)place + 1;
		}
	}
	return OTHER;
}

uint32_t running_name_of(struct running *running, const char *name)
{
	size_t size = strnlen(name, RUNNING_NAME_SIZE - 1);
	uint64_t key = text_hash(name, size) | 1;
	size_t place = 0;
	uint32_t number = find_name(running->file, key, name, &place);

	if (number != 0) {
		return number;
	}
	(void)pthread_mutex_lock(&running->lock);
	number = find_name(running->file, key, name, &place);
	/* a table that is nearly full makes every miss slow */
	if (number == 0 && running->name_count >= RUNNING_NAMES / 4 * 3) {
		number = OTHER;
	}
	if (number == 0) {
		struct running_entry *entry = &running->file->names[place];

		memcpy(entry->name, name, size);
		atomic_store_explicit(&entry->key, key, memory_order_release);
		running->name_count++;
		number = (uint32_t)place + 1;
	}
	(void)pthread_mutex_unlock(&running->lock);
	return number;
}

const char *running_name(const struct running *running, uint32_t callback)
{
	if (callback == OTHER) {
		return OTHER_NAME;
	}
	if (callback == 0 || callback > RUNNING_NAMES ||
	    atomic_load_explicit(&running->file->names[callback - 1].key,
				 memory_order_acquire) == 0) {
		return "";
	}
	return running->file->names[callback - 1].name;
}

struct running_slot *running_take(struct running *running, const char *name)
{
	struct running_slot *slot = NULL;

	(void)pthread_mutex_lock(&running->lock);
	for (size_t i = 0; i < RUNNING_SLOTS && slot == NULL; i++) {
		if (running->file->slots[i].name[0] == '\0') {
			slot = &running->file->slots[i];
			(void)snprintf(slot->name, sizeof(slot->name), "%s", name);
		}
	}
	(void)pthread_mutex_unlock(&running->lock);
	return slot;
}

void running_give(struct running *running, struct running_slot **slot)
{
	if (*slot == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&running->lock);
	running_end(*slot);
	memset((*slot)->name, 0, sizeof((*slot)->name));
	(void)pthread_mutex_unlock(&running->lock);
	*slot = NULL;
}

void running_crashed(struct running *running, const struct running_slot *slot, int signal)
{
	const struct running_slot *first = running->file->slots;

	if (slot >= first && slot < first + RUNNING_SLOTS) {
		atomic_store(&running->file->crashed, (uint32_t)(slot - first) + 1);
	}
	atomic_store(&running->file->signal, signal);
}

/* Text from a file that anyone may have written. */
static bool is_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	if (length == size) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

static const char *callback_of(const struct running_file *file, uint32_t callback)
{
	const struct running_entry *entry;

	if (callback <= OTHER || callback > RUNNING_NAMES) {
		return OTHER_NAME;
	}
	entry = &file->names[callback - 1];
	return is_text(entry->name, sizeof(entry->name)) ? entry->name : OTHER_NAME;
}

static int walk_calls(const struct running_file *file,
		      int (*fn)(void *arg, const struct running_call *call), void *arg)
{
	uint32_t crashed = atomic_load(&file->crashed);
	int result = 0;

	for (size_t i = 0; i < RUNNING_SLOTS && result == 0; i++) {
		const struct running_slot *slot = &file->slots[i];
		uint32_t callback = atomic_load(&slot->callback);

		if (slot->name[0] == '\0' || callback == 0 ||
		    !is_text(slot->name, sizeof(slot->name))) {
			continue;
		}
		result = fn(arg, &(struct running_call){
			.instance = slot->name,
			.callback = callback_of(file, callback),
			.since = atomic_load(&slot->since),
			.crashed = crashed == i + 1,
		});
	}
	return result;
}

static int read_whole(const char *path, struct running_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got;

	if (fd < 0) {
		return -errno;
	}
	do {
		got = read(fd, (char *)file + size, sizeof(*file) - size);
		size += got > 0 ? (size_t)got : 0;
	} while (got > 0 && size < sizeof(*file));
	(void)close(fd);
	if (size < sizeof(*file) ||
	    memcmp(file->magic, running_magic, sizeof(running_magic)) != 0 ||
	    file->format != RUNNING_FORMAT || !is_text(file->boot_id, sizeof(file->boot_id))) {
		return -EBADMSG;
	}
	return 0;
}

int running_read(const char *path, struct running_past *past_out,
		 int (*fn)(void *arg, const struct running_call *call), void *arg)
{
	struct running_file *file = calloc(1, sizeof(*file));
	char boot_id[sizeof(file->boot_id)];
	int error;

	if (file == NULL) {
		return -ENOMEM;
	}
	error = read_whole(path, file);
	if (error == 0) {
		boot_id_read(boot_id);
		*past_out = (struct running_past){
			.pid = file->pid,
			.same_boot = strcmp(boot_id, file->boot_id) == 0,
			.clean = file->clean != 0,
			.signal = atomic_load(&file->signal),
			.started = file->started,
		};
		error = file->clean != 0 ? 0 : walk_calls(file, fn, arg);
	}
	free(file);
	return error;
}
