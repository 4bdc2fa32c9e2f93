/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens for HTTP: the one command that works on a file and not on a daemon.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/edgewayctl/command.h"
#include "core/http/tokens.h"

/* No daemon is asked: whoever may write the file may make a token. */
static int admin_token(struct client *client, struct buf *request, int argc, char **argv)
{
	char text[TOKEN_TEXT_BYTES];
	struct ew_error err;
	enum ew_role role;

	(void)argc;
	(void)client;
	buf_fini(request);
	error_clear(&err);
	if (strcmp(argv[0], "new") != 0) {
		return client_fail(CTL_USAGE, "token: '%s' is not 'new'", argv[0]);
	}
	if (role_parse(argv[2], &role) != 0) {
		return client_fail(CTL_USAGE, "token: role '%s' is not viewer, operator or admin",
				   argv[2]);
	}
	if (token_new(argv[3], argv[1], role, text, &err) != 0) {
		return client_fail(CTL_REFUSED, "%s", err.text);
	}
	printf("%s\n", text);
	fprintf(stderr, "This is shown once. Reload the daemon to make it valid.\n");
	return CTL_OK;
}

const struct command commands_token[] = {
	{ .name = "token", .arguments = "new NAME ROLE FILE", .least = 4, .most = 4,
	  .summary = "make a token for HTTP and add it to the tokens file",
	  .more = "ROLE is viewer, operator or admin. The token is printed once; FILE keeps only "
		  "its\nhash. FILE is what `tokens:` of the configuration's `http:` names.",
	  .run = admin_token },
	{ .name = NULL },
};
