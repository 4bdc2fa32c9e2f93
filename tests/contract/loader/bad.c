/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module with one thing wrong: what it is comes from the command line, as
 * BAD_... macros; tests/contract/loader.sh builds it once for each refusal.
 * Without any it loads.
 */
#include <edgeway/module.h>

#ifndef BAD_NAME
#define BAD_NAME  "bad"
#endif
#ifndef BAD_OPTIONS
#define BAD_OPTIONS
#endif
#ifndef BAD_METRICS
#define BAD_METRICS  { .name = "seen_total", .kind = EW_COUNTER, .help = "what was seen" },
#endif
#ifndef BAD_QUESTIONS
#define BAD_QUESTIONS
#endif
#ifndef BAD_FIELDS
#define BAD_FIELDS
#endif

struct bad_settings {
	bool loud;
	const char *text;
};

static const struct ew_option bad_options[] = {
	EW_OPTION(struct bad_settings, loud, .fallback = "no", .help = "say more"),
	BAD_OPTIONS
	EW_OPTION_END
};

static const struct ew_metric bad_metrics[] = {
	BAD_METRICS
};

static int bad_answer(void *self, struct ew_query *query)
{
	(void)self;
	(void)query;
	return 0;
}

static const struct ew_question bad_questions[] = {
	{ "how", NULL, "how it is", bad_answer },
	BAD_QUESTIONS
	EW_QUESTION_END
};

#ifdef BAD_SYMBOL
void bad_missing(void);
#endif

static int bad_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	(void)inst;
	(void)settings;
#ifdef BAD_SYMBOL
	bad_missing();
#endif
	*self_out = NULL;
	return 0;
}

static void bad_close(void *self)
{
	(void)self;
}

#ifdef BAD_HIDDEN
extern const struct ew_module other_name;
const struct ew_module other_name = {
#else
EW_EXPORT extern const struct ew_module ew_module;
const struct ew_module ew_module = {
#endif
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = BAD_NAME,
	.version = "1.0",
	.summary = "has one thing wrong",
	.options = bad_options,
	.settings_size = sizeof(struct bad_settings),
	.metrics = bad_metrics,
	.metric_count = sizeof(bad_metrics) / sizeof(bad_metrics[0]),
	.questions = bad_questions,
	.open = bad_open,
	.close = bad_close,
	BAD_FIELDS
};
