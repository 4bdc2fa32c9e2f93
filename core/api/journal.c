/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/journal.h>: a module's own log on disk.
 */
#include "core/module/journal.h"

#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/module/instance.h"

int ew_journal_open(struct ew_instance *inst, const struct ew_journal_config *config,
		    struct ew_journal **journal_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (config == NULL || config->size != sizeof(*config) || config->name == NULL ||
	    config->age < 0 || config->sync < 0 || journal_out == NULL) {
		return -EINVAL;
	}
	return journal_open(inst, config, journal_out);
}

void ew_journal_close(struct ew_journal **journal)
{
	if (journal != NULL && *journal != NULL &&
	    instance_may_free(journal_owner(*journal), __func__)) {
		journal_close(journal);
	}
}

int ew_journal_append(struct ew_journal *journal, const char *key, const void *bytes, size_t size,
		      uint64_t *number_out)
{
	const struct store_entry entry = {
		.time = clock_utc(),
		.key = key,
		.bytes = bytes,
		.size = size,
	};

	if (!instance_may_call(journal_owner(journal), __func__)) {
		return -EPERM;
	}
	if (bytes == NULL && size > 0) {
		return -EINVAL;
	}
	return journal_append(journal, &entry, number_out);
}

uint64_t ew_journal_last(struct ew_journal *journal)
{
	return instance_may_call(journal_owner(journal), __func__)
		       ? store_last(journal_store(journal))
		       : 0;
}

uint64_t ew_journal_durable(struct ew_journal *journal)
{
	return instance_may_call(journal_owner(journal), __func__)
		       ? store_durable(journal_store(journal))
		       : 0;
}

int ew_journal_cursor_get(struct ew_journal *journal, const char *name, uint64_t *number_out)
{
	struct store_cursor cursor;
	int error;

	if (!instance_may_call(journal_owner(journal), __func__)) {
		return -EPERM;
	}
	if (name == NULL || number_out == NULL) {
		return -EINVAL;
	}
	error = store_cursor_get(journal_store(journal), name, &cursor);
	if (error == 0) {
		*number_out = cursor.lsn;
	}
	return error;
}

int ew_journal_cursor_set(struct ew_journal *journal, const char *name, uint64_t number)
{
	const struct store_cursor cursor = { .lsn = number };

	if (!instance_may_call(journal_owner(journal), __func__)) {
		return -EPERM;
	}
	if (name == NULL || strlen(name) > EW_JOURNAL_NAME_MAX) {
		return -EINVAL;
	}
	return store_cursor_set(journal_store(journal), name, &cursor);
}

int ew_journal_cursor_remove(struct ew_journal *journal, const char *name)
{
	if (!instance_may_call(journal_owner(journal), __func__)) {
		return -EPERM;
	}
	return name == NULL ? -EINVAL : store_cursor_remove(journal_store(journal), name);
}

int ew_journal_cursor_name(struct ew_journal *journal, size_t index,
			   char name_out[EW_JOURNAL_NAME_MAX + 1])
{
	char name[STORE_NAME_MAX + 1];
	int error;

	if (!instance_may_call(journal_owner(journal), __func__)) {
		return -EPERM;
	}
	error = store_cursor_name(journal_store(journal), index, name);
	if (error == 0) {
		memcpy(name_out, name, EW_JOURNAL_NAME_MAX);
		name_out[EW_JOURNAL_NAME_MAX] = '\0';
	}
	return error;
}

int ew_journal_reader_open(struct ew_journal *journal, uint64_t after,
			   struct ew_journal_reader **reader_out)
{
	if (!instance_may_call(journal_owner(journal), __func__)) {
		return -EPERM;
	}
	return reader_out == NULL ? -EINVAL : journal_reader_open(journal, after, reader_out);
}

int ew_journal_reader_next(struct ew_journal_reader *reader, struct ew_journal_entry *entry_out)
{
	if (!instance_may_call(journal_reader_owner(reader), __func__)) {
		return -EPERM;
	}
	return entry_out == NULL ? -EINVAL : journal_reader_next(reader, entry_out);
}

void ew_journal_reader_close(struct ew_journal_reader **reader)
{
	if (reader != NULL && *reader != NULL &&
	    instance_may_free(journal_reader_owner(*reader), __func__)) {
		journal_reader_close(reader);
	}
}
