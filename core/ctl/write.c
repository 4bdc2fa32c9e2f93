/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write, execute, refresh: one tag, one answer. Whoever may use the control
 * socket is an administrator: no rule of `access:` is asked, but leases and
 * ranges hold, and the audit log says who it was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/ctl/place.h"

#define WRITE_TIMEOUT  ((ew_dur)5 * EW_SECOND)

struct desk_write {
	struct list node;               /* of the desk */
	struct ctl_request *request;    /* NULL: the client is gone */
	uint64_t token;
	char tag[EW_PATH_MAX + EW_NAME_MAX + 2];
};

static const char *write_result(enum ew_write_result result)
{
	switch (result) {
	case EW_WRITE_DONE:
		return "done";
	case EW_WRITE_REFUSED:
		return "refused";
	case EW_WRITE_UNKNOWN:
		return "unknown";
	}
	return "?";
}

/* What the exit status of the client tells. */
static void write_finish(struct ctl_request *request, const struct ew_write_status *status,
			 const char *text)
{
	const char *why = text != NULL && *text != '\0' ? text
			  : status->error != 0		? strerror(-status->error)
							: "no reason was given";

	switch (status->result) {
	case EW_WRITE_DONE:
		ctl_end(request);
		break;
	case EW_WRITE_REFUSED:
		ctl_fail(request, status->error == -ETIMEDOUT ? -ETIME : status->error,
			 "refused: %s", why);
		break;
	case EW_WRITE_UNKNOWN:
		ctl_fail(request, -ETIMEDOUT, "unknown, it may have happened: %s", why);
		break;
	}
}

void desk_answered(void *self, const struct ew_write_answer *answer)
{
	struct desk *desk = self;
	struct list *node;

	list_for_each (node, &desk->writes) {
		struct desk_write *write = list_entry(node, struct desk_write, node);
		struct ctl_request *request = write->request;
		struct buf *row;

		if (write->token != answer->token) {
			continue;
		}
		list_remove(node);
		if (request != NULL && answer->count > 0) {
			row = ctl_row(request);
			json_add_text(row, "tag", write->tag);
			json_add_text(row, "result", write_result(answer->status[0].result));
			json_add_text(row, "text", answer->text);
			ctl_row_end(request);
			write_finish(request, &answer->status[0], answer->text);
		}
		free(write);
		return;
	}
}

void writes_forget(struct desk *desk)
{
	struct list *node;

	while ((node = list_pop(&desk->writes)) != NULL) {
		free(list_entry(node, struct desk_write, node));
	}
}

static void write_on_gone(void *arg)
{
	struct desk_write *write = arg;

	write->request = NULL; /* the answer still comes, to nobody */
}

/* Everything but the value. -EINVAL: told. */
static int write_read_options(struct ctl_request *request, struct ew_write_request *ask)
{
	const char *text = json_text(ctl_fields(request), "priority");
	uint64_t priority = EW_PRIORITY_OPERATOR;

	if (text != NULL &&
	    (text_parse_uint(text, &priority) != 0 || priority >= EW_PRIORITY_FAIL_SAFE)) {
		ctl_fail(request, -EINVAL, "priority: '%s' is not 0 to %d", text,
			 EW_PRIORITY_FAIL_SAFE - 1);
		return -EINVAL;
	}
	ask->priority = (unsigned)priority;
	if (desk_duration(request, "timeout", WRITE_TIMEOUT, &ask->timeout) != 0) {
		return -EINVAL;
	}
	return desk_duration(request, "lease", 0, &ask->lease);
}

static enum ew_write_op write_op(const char *command)
{
	if (strcmp(command, "execute") == 0) {
		return EW_WRITE_EXECUTE;
	}
	return strcmp(command, "refresh") == 0 ? EW_WRITE_REFRESH : EW_WRITE_SET;
}

/* The value as an item, text and bytes borrowed. -EINVAL: told. */
static int write_read_value(struct ctl_request *request, const struct desk_tag *tag,
			    enum ew_write_op op, struct buf *bytes, struct ew_sample *item_out)
{
	const char *value = json_text(ctl_fields(request), "value");
	struct ew_error err;
	int error;

	*item_out = ew_sample_none(tag->id, 0);
	if (value == NULL && op == EW_WRITE_SET) {
		ctl_fail(request, -EINVAL, "no value is given");
		return -EINVAL;
	}
	if (value == NULL || op == EW_WRITE_REFRESH) {
		return 0;
	}
	error_clear(&err);
	error = desk_parse_value(tag, value, bytes, item_out, &err);
	if (error != 0) {
		ctl_fail(request, error, "%s: %s", tag->name, err.text);
	}
	return error;
}

static int write_ask(struct desk *desk, struct ctl_request *request, const char *tag,
		     struct ew_write_request *ask)
{
	struct desk_write *write = calloc(1, sizeof(*write));
	int error;

	if (write == NULL) {
		return -ENOMEM;
	}
	write->request = request;
	write->token = ++desk->token;
	memcpy(write->tag, tag, strlen(tag) + 1);
	ask->token = write->token;
	ask->remote = ctl_who(request);
	list_push(&desk->writes, &write->node);
	ctl_wait(request, &(struct ctl_hooks){ .gone = write_on_gone, .arg = write });
	/* answers are never given from inside the call */
	error = endpoint_write_as(desk->endpoint, NULL, ask);
	if (error != 0) {
		list_remove(&write->node);
		free(write);
	}
	return error;
}

void desk_run_write(struct ctl_request *request, void *arg)
{
	const char *name = json_text(ctl_fields(request), "tag");
	struct ew_write_request ask = { .size = sizeof(ask), .count = 1 };
	struct desk *desk = arg;
	struct desk_tag tag;
	struct ew_sample item;
	struct buf bytes;
	int error;

	if (name == NULL || desk_find_tag(desk, name, &tag) != 0) {
		desk_no_tag(request, name);
		return;
	}
	if (desk->is_leaving) {
		ctl_fail(request, -ESHUTDOWN, "the daemon stops");
		return;
	}
	ask.op = write_op(json_text(ctl_fields(request), "do"));
	ask.items = &item;
	buf_init(&bytes, DESK_TEXT_MAX);
	if (write_read_options(request, &ask) == 0 &&
	    write_read_value(request, &tag, ask.op, &bytes, &item) == 0) {
		error = write_ask(desk, request, tag.name, &ask);
		if (error != 0) {
			ctl_fail(request, error, "refused: %s", strerror(-error));
		}
	}
	buf_fini(&bytes);
}
