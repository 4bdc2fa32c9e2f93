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

#define ASK_HELP  "help"        /* what may be asked */

struct ask {
	struct ctl_request *request;
	struct ew_query *query;
	char name[EW_NAME_MAX + 1];     /* of the instance */
	char word[64];                  /* the first; may be cut */
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

/* What the module may be asked, a row a question. */
static void ask_list(struct ctl_request *request, const struct ew_question *rows)
{
	for (; rows->answer != NULL; rows++) {
		struct buf *row = ctl_row(request);
		char text[128];

		(void)snprintf(text, sizeof(text), "%s%s%s", rows->word != NULL ? rows->word : "",
			       rows->word != NULL && rows->arguments != NULL ? " " : "",
			       rows->arguments != NULL ? rows->arguments : ""); /* may be cut */
		json_add_text(row, "question", text);
		json_add_text(row, "tells", rows->summary);
		ctl_row_end(request);
	}
	ctl_end(request);
}

static void ask_unknown(struct ctl_request *request, const struct ask *ask)
{
	ctl_fail(request, -ENOENT, "'%s' does not know '%s': 'ask %s " ASK_HELP "' says what it "
		 "may be asked", ask->name, ask->word, ask->name);
}

static void ask_answered(void *arg, int error, const struct buf *rows)
{
	struct ask *ask = arg;
	struct ctl_request *request = ask->request;

	if (error == -EMSGSIZE) {
		ctl_fail(request, error, "the answer is too long: ask for less");
	} else if (error == -ENOENT) {
		ask_unknown(request, ask);
	} else if (error != 0) {
		ctl_fail(request, error, "'%s' cannot answer: %s", ask->name, strerror(-error));
	} else {
		ctl_add_lines(request, buf_text(rows), rows->size);
		ctl_end(request);
	}
	free(ask);
}

static void ask_gone(void *arg)
{
	struct ask *ask = arg;

	query_forget(ask->query);
	free(ask);
}

static void ask_refuse(struct ctl_request *request, const struct ask *ask, const char *module,
		       int error)
{
	if (error == -ENOTSUP) {
		ctl_fail(request, error, "module '%s' takes no questions", module);
	} else if (error == -ESHUTDOWN) {
		ctl_fail(request, error, "instance '%s' does not run", ask->name);
	} else if (error == -ENOENT) {
		ask_unknown(request, ask);
	} else {
		ctl_fail(request, error, "instance '%s' cannot be asked: %s", ask->name,
			 strerror(-error));
	}
}

/* The words of the question; the array is ended by NULL. */
static void ask_words(const struct json_object *fields, const char *words_out[])
{
	for (size_t i = 0; i < EW_QUERY_WORDS_MAX; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "word%zu", i);
		words_out[i] = json_text(fields, key);
		if (words_out[i] == NULL) {
			return;
		}
	}
}

/* Is it answered from the table: `help`, or nothing where nothing is no question? */
static bool ask_is_for_help(const struct ew_question *questions, const char *word)
{
	return questions != NULL && (word == NULL ? !query_has(questions, NULL)
				     : strcmp(word, ASK_HELP) == 0);
}

static void ask_begin(struct ctl_request *request, const struct member *member,
		      const char *const *words)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	int error;

	if (ask == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	ask->request = request;
	(void)snprintf(ask->name, sizeof(ask->name), "%s", member->name);
	(void)snprintf(ask->word, sizeof(ask->word), "%s", words[0] != NULL ? words[0] : "");
	error = member->inst == NULL ? -ESHUTDOWN
		: query_ask(member->inst, words, ask_answered, ask, &ask->query);
	if (error != 0) {
		ask_refuse(request, ask, member->module, error);
		free(ask);
		return;
	}
	ctl_wait(request, &(struct ctl_hooks){ .gone = ask_gone, .arg = ask });
}

void control_ask(struct ctl_request *request, void *arg)
{
	const struct json_object *fields = ctl_fields(request);
	const char *words[EW_QUERY_WORDS_MAX + 1] = { NULL };
	const char *name = json_text(fields, "instance");
	const struct ew_question *questions;
	const struct member *member;

	if (name == NULL) {
		ctl_fail(request, -EINVAL, "no instance is named");
		return;
	}
	member = ask_find(request, arg, name);
	if (member == NULL) {
		return; /* told */
	}
	ask_words(fields, words);
	questions = member->inst != NULL ? query_questions(member->inst) : NULL;
	if (ask_is_for_help(questions, words[0])) {
		ask_list(request, questions);
	} else {
		ask_begin(request, member, words);
	}
}
