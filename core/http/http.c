/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct http: the table of handlers, tokens and readiness, with or without a
 * listener, and the way from one configuration to the next. http_apply() and
 * http_stop() are the main thread's; the rest is any thread's, under the lock.
 */
#include "core/http/http.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/conf/http.h"
#include "core/http/listener.h"
#include "core/http/request.h"
#include "core/http/tls.h"

void http_lock(struct http *http)
{
	check(pthread_mutex_lock(&http->lock) == 0);
}

void http_unlock(struct http *http)
{
	check(pthread_mutex_unlock(&http->lock) == 0);
}

int http_new(struct http **http_out)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL) {
		return -ENOMEM;
	}
	http->ready_text = strdup("starting");
	if (http->ready_text == NULL || pthread_mutex_init(&http->lock, NULL) != 0) {
		free(http->ready_text);
		free(http);
		return -ENOMEM;
	}
	router_init(&http->router);
	list_init(&http->owners);
	list_init(&http->pool);
	/* until a configuration sets them */
	http->limits = (struct http_limits){.parked = UINT_MAX, .parked_per_owner = UINT_MAX};
	*http_out = http;
	return 0;
}

void http_free(struct http **http)
{
	struct http *gone = *http;
	struct list *node;

	*http = NULL;
	if (gone == NULL) {
		return;
	}
	http_stop(gone);
	if (!list_is_empty(&gone->owners)) {
		log_msg(LOG_LEVEL_WARNING, "http", "an instance did not give back its handlers");
		return;
	}
	router_fini(&gone->router);
	while ((node = list_pop(&gone->pool)) != NULL) {
		struct ew_http_request *req = list_entry(node, struct ew_http_request, node);

		req->magic = 0;
		gone->pool_count--;
		free(req);
	}
	check(gone->pool_count == 0);
	tokens_free(&gone->tokens);
	free(gone->ready_text);
	check(pthread_mutex_destroy(&gone->lock) == 0);
	free(gone);
}

/* What a configuration names, read and checked. */
struct http_plan {
	struct tokens *tokens;
	struct tls *tls;
	struct listener *listener;      /* NULL: the running one stays */
};

static int http_make_plan(struct http *http, const struct http_config *config,
			  struct http_plan *plan, struct ew_error *err)
{
	bool has_tls = config->certificate != NULL;
	int ret = 0;

	if (config->tokens != NULL) {
		ret = tokens_read(config->tokens, &plan->tokens, err);
	}
	if (ret == 0 && has_tls) {
		ret = tls_new(config->certificate, config->key, &plan->tls, err);
	}
	if (ret == 0 && !listener_fits(http->listener, config)) {
		ret = listener_new(http, config, http->listener, &plan->listener, err);
	}
	return ret;
}

int http_apply(struct http *http, const struct http_config *config, struct ew_error *err)
{
	struct http_plan plan = {0};
	struct listener *old = NULL;
	struct tokens *old_tokens;
	int ret;

	if (!http_config_is_on(config)) {
		http_stop(http);
		return 0;
	}
	ret = http_config_check(config, err);
	if (ret == 0) {
		ret = http_make_plan(http, config, &plan, err);
	}
	if (ret < 0) {
		listener_free(&plan.listener);
		tls_free(&plan.tls);
		tokens_free(&plan.tokens);
		return ret;
	}

	http_lock(http);
	old_tokens = http->tokens;
	http->tokens = plan.tokens;
	http->anonymous = http_config_anonymous(config);
	http->limits.parked = (unsigned)config->max_parked;
	http->limits.parked_per_owner = (unsigned)config->max_parked_per_instance;
	http->stats.certificate_until = plan.tls != NULL ? tls_until(plan.tls) : 0;
	http_unlock(http);
	tokens_free(&old_tokens);

	if (plan.listener != NULL) {
		old = http->listener;
		http->listener = plan.listener;
		listener_set_tls(http->listener, plan.tls);
		ret = listener_start(http->listener, err);
		listener_free(&old);
		if (ret < 0) {
			listener_free(&http->listener);
			return ret;
		}
		log_msg(LOG_LEVEL_NOTICE, "http", "listening on %s port=%u tls=%s tokens=%zu",
			config->listen, http_port(http), plan.tls != NULL ? "yes" : "no",
			plan.tokens != NULL ? tokens_count(plan.tokens) : (size_t)0);
	} else {
		listener_set_tls(http->listener, plan.tls);
	}
	return 0;
}

void http_stop(struct http *http)
{
	if (http->listener != NULL) {
		log_msg(LOG_LEVEL_NOTICE, "http", "stopping the listener on port %u",
			http_port(http));
		listener_free(&http->listener);
	}
}

unsigned http_port(const struct http *http)
{
	return http->listener != NULL ? listener_port(http->listener) : 0;
}

void http_set_ready(struct http *http, bool is_ready, const char *text)
{
	char *copy = strdup(text);
	char *old = NULL;

	http_lock(http);
	http->is_ready = is_ready;
	if (copy != NULL) {
		old = http->ready_text;
		http->ready_text = copy;
	}
	http_unlock(http);
	free(old);
}

void http_read_stats(struct http *http, struct http_stats *stats_out)
{
	http_lock(http);
	*stats_out = http->stats;
	http_unlock(http);
}
