/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate and key of the listener. Read on the main thread; copied for
 * each handshake on the listener's, so that a new certificate can take its
 * place at any moment.
 */
#include "core/http/tls.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/log.h"

struct tls {
	gnutls_x509_crt_t chain[TLS_CHAIN_MAX];
	unsigned count;
	gnutls_x509_privkey_t key;
	int64_t until;
};

static int tls_load(const char *path, gnutls_datum_t *data_out, struct ew_error *err)
{
	int ret = gnutls_load_file(path, data_out);

	if (ret < 0) {
		return ew_fail(err, "tls: cannot read '%s': %s", path,
			       ret == GNUTLS_E_FILE_ERROR ? strerror(errno) : gnutls_strerror(ret));
	}
	return 0;
}

static int tls_read_chain(struct tls *tls, const char *path, struct ew_error *err)
{
	gnutls_datum_t data;
	unsigned count = TLS_CHAIN_MAX;
	int ret = tls_load(path, &data, err);

	if (ret < 0) {
		return ret;
	}
	ret = gnutls_x509_crt_list_import(tls->chain, &count, &data, GNUTLS_X509_FMT_PEM,
					  GNUTLS_X509_CRT_LIST_SORT);
	gnutls_free(data.data);
	if (ret <= 0) {
		return ew_fail(err, "tls: certificate '%s': %s", path,
			       ret == 0 ? "there is none" : gnutls_strerror(ret));
	}
	tls->count = (unsigned)ret;
	tls->until = (int64_t)gnutls_x509_crt_get_expiration_time(tls->chain[0]);
	return 0;
}

static int tls_read_key(struct tls *tls, const char *path, struct ew_error *err)
{
	gnutls_datum_t data;
	int ret = tls_load(path, &data, err);

	if (ret < 0) {
		return ret;
	}
	ret = gnutls_x509_privkey_init(&tls->key);
	if (ret == 0) {
		ret = gnutls_x509_privkey_import2(tls->key, &data, GNUTLS_X509_FMT_PEM, NULL,
						  GNUTLS_PKCS_PLAIN);
	}
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	if (ret < 0) {
		return ew_fail(err, "tls: key '%s': %s", path, gnutls_strerror(ret));
	}
	return 0;
}

/* Does the key belong to the certificate? By the identifiers of both. */
static int tls_compare(const struct tls *tls, const char *certificate, const char *key,
		       struct ew_error *err)
{
	unsigned char a[64];
	unsigned char b[64];
	size_t a_size = sizeof(a);
	size_t b_size = sizeof(b);

	if (gnutls_x509_crt_get_key_id(tls->chain[0], GNUTLS_KEYID_USE_SHA256, a, &a_size) < 0 ||
	    gnutls_x509_privkey_get_key_id(tls->key, GNUTLS_KEYID_USE_SHA256, b, &b_size) < 0 ||
	    a_size != b_size || memcmp(a, b, a_size) != 0) {
		return ew_fail(err, "tls: key '%s' does not belong to certificate '%s'", key,
			       certificate);
	}
	return 0;
}

int tls_new(const char *certificate, const char *key, struct tls **tls_out, struct ew_error *err)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int ret;

	if (tls == NULL) {
		(void)ew_fail(err, "tls: no memory");
		return -ENOMEM;
	}
	ret = tls_read_chain(tls, certificate, err);
	if (ret == 0) {
		ret = tls_read_key(tls, key, err);
	}
	if (ret == 0) {
		ret = tls_compare(tls, certificate, key, err);
	}
	if (ret < 0) {
		tls_free(&tls);
		return ret;
	}
	if (tls->until < clock_utc() / 1000000000) {
		log_msg(LOG_LEVEL_WARNING, "http", "certificate '%s' has expired", certificate);
	}
	*tls_out = tls;
	return 0;
}

void tls_free(struct tls **tls)
{
	struct tls *gone = *tls;

	*tls = NULL;
	if (gone == NULL) {
		return;
	}
	for (unsigned i = 0; i < gone->count; i++) {
		gnutls_x509_crt_deinit(gone->chain[i]);
	}
	if (gone->key != NULL) {
		gnutls_x509_privkey_deinit(gone->key);
	}
	free(gone);
}

int64_t tls_until(const struct tls *tls)
{
	return tls->until;
}

int tls_retrieve(const struct tls *tls, gnutls_pcert_st **chain_out, unsigned *count_out,
		 gnutls_privkey_t *key_out)
{
	gnutls_pcert_st *chain = gnutls_calloc(tls->count, sizeof(*chain));
	gnutls_privkey_t key = NULL;
	unsigned done = 0;

	if (chain == NULL || gnutls_privkey_init(&key) < 0) {
		goto fail;
	}
	if (gnutls_privkey_import_x509(key, tls->key, GNUTLS_PRIVKEY_IMPORT_COPY) < 0) {
		goto fail;
	}
	for (; done < tls->count; done++) {
		if (gnutls_pcert_import_x509(&chain[done], tls->chain[done], 0) < 0) {
			goto fail;
		}
	}
	*chain_out = chain;
	*count_out = tls->count;
	*key_out = key;
	return 0;
fail:
	while (done > 0) {
		done--;
		gnutls_pcert_deinit(&chain[done]);
	}
	if (key != NULL) {
		gnutls_privkey_deinit(key);
	}
	gnutls_free(chain);
	return -ENOMEM;
}
