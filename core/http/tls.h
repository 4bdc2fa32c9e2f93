/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener's certificate and key, by GnuTLS. Does not change once it is
 * read; a new one replaces it whole.
 */
#ifndef CORE_HTTP_TLS_H
#define CORE_HTTP_TLS_H

#include <gnutls/abstract.h>
#include <stdint.h>

#include <edgeway/error.h>

#define TLS_CHAIN_MAX  16
#define TLS_PRIORITIES \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct tls;

/*
 * Read PEM files and check that they belong together. An expired certificate
 * is taken, with a warning in the log: a gateway that nobody can reach any
 * more is worse. -errno; err says which file and what is wrong.
 */
int tls_new(const char *certificate, const char *key, struct tls **tls_out,
	    struct ew_error *err) EW_CHECKED;

void tls_free(struct tls **tls);

/* When the certificate ends, seconds since 1970. */
int64_t tls_until(const struct tls *tls);

/* Copies for one handshake, which frees them. -ENOMEM. */
int tls_retrieve(const struct tls *tls, gnutls_pcert_st **chain_out, unsigned *count_out,
		 gnutls_privkey_t *key_out) EW_CHECKED;

#endif
