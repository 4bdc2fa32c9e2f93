/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ask` of the control socket: a question to an instance, by its name or by
 * that of its module where only one instance of it is there. What is asked
 * and answered is the module's affair.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctl/ctl.h"
#include "core/daemon/run.h"
#include "core/module/query.h"

struct ask {
	struct ctl_request *request;
	struct ew_query *query;
};

/* By instance, then by module. NULL: told. */
static struct member *ask_find(struct ctl_request *request, struct daemon *daemon, const char *name)
{
	struct member *found = supervisor_find(daemon, name);
	struct list *node;

	if (found != NULL) {
		return found;
	}
	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (strcmp(member->module, name) != 0) {
			continue;
		}
		if (found != NULL) {
			ctl_fail(request, -EINVAL, "'%s' runs more than once: name the instance,"
				 " '%s' or '%s'", name, found->name, member->name);
			return NULL;
		}
		found = member;
	}
	if (found == NULL) {
		ctl_fail(request, -ENOENT, "no instance or module '%s'", name);
	}
	return found;
}

static void ask_answered(void *arg, int error, const struct buf *rows)
{
	struct ask *ask = arg;
	struct ctl_request *request = ask->request;

	free(ask);
	if (error == -EMSGSIZE) {
		ctl_fail(request, error, "the answer is too long: ask for less");
	} else if (error != 0) {
		ctl_fail(request, error, "the instance does not know this: %s", strerror(-error));
	} else {
		ctl_add_lines(request, buf_text(rows), rows->size);
		ctl_end(request);
	}
}

static void ask_gone(void *arg)
{
	struct ask *ask = arg;

	query_forget(ask->query);
	free(ask);
}

static void ask_refuse(struct ctl_request *request, const struct member *member, int error)
{
	if (error == -ENOTSUP) {
		ctl_fail(request, error, "module '%s' takes no questions", member->module);
	} else if (error == -ESHUTDOWN) {
		ctl_fail(request, error, "instance '%s' does not run", member->name);
	} else {
		ctl_fail(request, error, "instance '%s' cannot be asked: %s", member->name,
			 strerror(-error));
	}
}

void control_ask(struct ctl_request *request, void *arg)
{
	const struct json_object *fields = ctl_fields(request);
	const char *words[EW_QUERY_WORDS_MAX + 1] = { NULL };
	const char *name = json_text(fields, "instance");
	struct member *member;
	struct ask *ask;
	int error;

	member = name == NULL ? NULL : ask_find(request, arg, name);
	if (member == NULL) {
		if (name == NULL) {
			ctl_fail(request, -EINVAL, "no instance is named");
		}
		return;
	}
	for (size_t i = 0; i < EW_QUERY_WORDS_MAX; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "word%zu", i);
		words[i] = json_text(fields, key);
		if (words[i] == NULL) {
			break;
		}
	}
	ask = calloc(1, sizeof(*ask));
	if (ask == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	ask->request = request;
	error = member->inst == NULL ? -ESHUTDOWN
		: query_ask(member->inst, words, ask_answered, ask, &ask->query);
	if (error != 0) {
		free(ask);
		ask_refuse(request, member, error);
		return;
	}
	ctl_wait(request, &(struct ctl_hooks){ .gone = ask_gone, .arg = ask });
}
