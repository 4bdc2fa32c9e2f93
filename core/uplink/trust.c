/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See trust.h. Host name and address are checked by OpenSSL through the verify
 * parameters of the context; the name sent as SNI is set in the info callback,
 * because the library connects to an address and would send that.
 */
/* keys in a token come through the engine interface, deprecated since 3.0 */
#define OPENSSL_API_COMPAT 0x10100000L

#include "core/uplink/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/base/check.h"

#define TRUST_MAGIC 0x746c7321u

struct trust {
	uint32_t magic;
	SSL_CTX *context;
	char host[URL_HOST_MAX + 1];
	bool is_address;
	struct failure failure;
	bool asked; /* for our certificate */
	bool done; /* the handshake */
	int socket_error;
	int64_t own_until;
	int64_t peer_until;
};

static enum ew_uplink_cause trust_cause_of_verify(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return EW_UPLINK_TLS_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return EW_UPLINK_TLS_EARLY;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return EW_UPLINK_TLS_HOST;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_INVALID_CA:
		return EW_UPLINK_TLS_CA;
	default:
		return EW_UPLINK_TLS_OTHER;
	}
}

static int64_t trust_time(const ASN1_TIME *time)
{
	struct tm tm;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1) {
		return 0;
	}
	return (int64_t)timegm(&tm) * 1000000000;
}

static struct trust *trust_of(const SSL *ssl)
{
	struct trust *trust = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	check_obj(trust, TRUST_MAGIC);
	return trust;
}

static int trust_on_verify(int ok, X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);
	int depth = X509_STORE_CTX_get_error_depth(store);
	const SSL *ssl;
	struct trust *trust;

	if (ok == 1) {
		return 1;
	}
	ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	trust = trust_of(ssl);
	failure_set(&trust->failure, trust_cause_of_verify(error),
		    "certificate of '%s' (depth %d): %s", trust->host, depth,
		    X509_verify_cert_error_string(error));
	return 0;
}

/* Alerts by which a server says that it does not like our certificate. */
static bool trust_is_client_alert(int alert)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_CERTIFICATE_REQUIRED:
		return true;
	default:
		return false;
	}
}

static const char *trust_alert_text(int alert)
{
	/* OpenSSL 3.0 has no text for this one */
	return alert == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required"
						    : SSL_alert_desc_string_long(alert);
}

static void trust_on_alert(struct trust *trust, int value)
{
	int alert = value & 0xff;

	if (alert == SSL_AD_CLOSE_NOTIFY) {
		return;
	}
	failure_set(&trust->failure,
		    trust_is_client_alert(alert) ? EW_UPLINK_TLS_CLIENT : EW_UPLINK_TLS_OTHER,
		    "'%s' says: %s", trust->host, trust_alert_text(alert));
}

static void trust_on_info(const SSL *ssl, int where, int value)
{
	int error = errno;
	struct trust *trust = trust_of(ssl);

	if ((where & SSL_CB_HANDSHAKE_START) != 0 && !trust->is_address) {
		/* the callback's const is OpenSSL's; the connection is ours */
		SSL *own;

		memcpy(&own, &ssl, sizeof(own));
		/* without it the server decides which certificate to show */
		(void)SSL_set_tlsext_host_name(own, trust->host);
	}
	if (where == SSL_CB_READ_ALERT) {
		trust_on_alert(trust, value);
	}
	if (where == SSL_CB_CONNECT_EXIT && value <= 0 && error != EAGAIN && error != EINPROGRESS &&
	    trust->socket_error == 0) {
		trust->socket_error = error;
	}
	if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
		X509 *peer = SSL_get0_peer_certificate(ssl);

		trust->peer_until = peer != NULL ? trust_time(X509_get0_notAfter(peer)) : 0;
		trust->socket_error = 0;
		trust->done = true;
	}
}

static int trust_on_asked(SSL *ssl, void *arg)
{
	struct trust *trust = arg;

	(void)ssl;
	trust->asked = true;
	return 1;
}

/* A key that needs a password is not asked for on a terminal. */
static int trust_on_password(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static int trust_fail(struct failure *failure, const char *what, const char *where)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	if (reason == NULL && code != 0 && ERR_SYSTEM_ERROR(code)) {
		reason = strerror(ERR_GET_REASON(code));
	}
	failure_set(failure, EW_UPLINK_FILES, "%s '%s': %s", what, where,
		    reason != NULL ? reason : "unusable");
	ERR_clear_error();
	return -EINVAL;
}

/* NULL: failure says what to do. The URI may carry a PIN: only its kind is named. */
static EVP_PKEY *trust_key_from_token(const char *uri, struct failure *failure)
{
	const char *what = "OpenSSL has no engine 'pkcs11'; Debian: libengine-pkcs11-openssl";
	ENGINE *engine;
	EVP_PKEY *key = NULL;

	ENGINE_load_builtin_engines();
	engine = ENGINE_by_id("pkcs11");
	if (engine != NULL) {
		what = "cannot be loaded; is the token there, with this object and this PIN?";
		if (ENGINE_init(engine) == 1) {
			key = ENGINE_load_private_key(engine, uri, NULL, NULL);
			(void)ENGINE_finish(engine); /* the key holds a reference of its own */
		}
		(void)ENGINE_free(engine); /* only drops a reference */
	}
	if (key == NULL) {
		failure_set(failure, EW_UPLINK_FILES, "key 'pkcs11:...': %s", what);
	}
	ERR_clear_error();
	return key;
}

static int trust_load_key(struct trust *trust, const char *key, struct failure *failure)
{
	EVP_PKEY *pkey;
	int ok;

	if (strncmp(key, "pkcs11:", 7) != 0) {
		return SSL_CTX_use_PrivateKey_file(trust->context, key, SSL_FILETYPE_PEM) == 1
			       ? 0
			       : trust_fail(failure, "key", key);
	}
	pkey = trust_key_from_token(key, failure);
	if (pkey == NULL) {
		return -EINVAL;
	}
	ok = SSL_CTX_use_PrivateKey(trust->context, pkey);
	EVP_PKEY_free(pkey);
	return ok == 1 ? 0 : trust_fail(failure, "key", "pkcs11:");
}

static int trust_load_own(struct trust *trust, const struct uplink_config *config,
			  struct failure *failure)
{
	int rc;

	if (config->certificate == NULL) {
		return 0;
	}
	if (SSL_CTX_use_certificate_chain_file(trust->context, config->certificate) != 1) {
		return trust_fail(failure, "certificate", config->certificate);
	}
	trust->own_until = trust_time(X509_get0_notAfter(SSL_CTX_get0_certificate(trust->context)));
	rc = trust_load_key(trust, config->key, failure);
	if (rc < 0) {
		return rc;
	}
	if (SSL_CTX_check_private_key(trust->context) != 1) {
		return trust_fail(failure, "key does not fit certificate", config->certificate);
	}
	return 0;
}

static int trust_load_ca(struct trust *trust, const struct uplink_config *config,
			 struct failure *failure)
{
	int ok;

	if (config->ca != NULL) {
		ok = SSL_CTX_load_verify_file(trust->context, config->ca);
		return ok == 1 ? 0 : trust_fail(failure, "ca", config->ca);
	}
	ok = SSL_CTX_set_default_verify_paths(trust->context);
	return ok == 1 ? 0 : trust_fail(failure, "ca", "of the system");
}

static int trust_expect_host(struct trust *trust, struct failure *failure)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(trust->context);

	trust->is_address = X509_VERIFY_PARAM_set1_ip_asc(param, trust->host) == 1;
	if (trust->is_address) {
		return 0;
	}
	ERR_clear_error();
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_host(param, trust->host, 0) != 1) {
		return trust_fail(failure, "server", trust->host);
	}
	return 0;
}

static int trust_fill(struct trust *trust, const struct uplink_config *config,
		      struct failure *failure)
{
	int rc;

	trust->context = SSL_CTX_new(TLS_client_method());
	if (trust->context == NULL) {
		return trust_fail(failure, "tls", "context");
	}
	(void)SSL_CTX_set_app_data(trust->context, trust); /* slot 0 exists always */
	if (SSL_CTX_set_min_proto_version(trust->context, TLS1_2_VERSION) != 1) {
		return trust_fail(failure, "tls", "version");
	}
	SSL_CTX_set_default_passwd_cb(trust->context, trust_on_password);
	SSL_CTX_set_cert_cb(trust->context, trust_on_asked, trust);
	SSL_CTX_set_info_callback(trust->context, trust_on_info);
	rc = trust_load_own(trust, config, failure);
	if (rc < 0) {
		return rc;
	}
	if (!config->tls.verify) {
		SSL_CTX_set_verify(trust->context, SSL_VERIFY_NONE, NULL);
		return 0;
	}
	SSL_CTX_set_verify(trust->context, SSL_VERIFY_PEER, trust_on_verify);
	rc = trust_load_ca(trust, config, failure);
	return rc < 0 ? rc : trust_expect_host(trust, failure);
}

int trust_open(const struct uplink_config *config, const struct url *url, struct trust **trust_out,
	       struct failure *failure)
{
	struct trust *trust = calloc(1, sizeof(*trust));
	int rc;

	if (trust == NULL) {
		failure_set(failure, EW_UPLINK_INTERNAL, "out of memory");
		return -ENOMEM;
	}
	trust->magic = TRUST_MAGIC;
	memcpy(trust->host, url->host, sizeof(trust->host));
	ERR_clear_error();
	rc = trust_fill(trust, config, failure);
	if (rc < 0) {
		trust_free(&trust);
		return rc;
	}
	*trust_out = trust;
	return 0;
}

void trust_free(struct trust **trust)
{
	if (*trust == NULL) {
		return;
	}
	check_obj(*trust, TRUST_MAGIC);
	SSL_CTX_free((*trust)->context);
	(*trust)->magic = 0;
	free(*trust);
	*trust = NULL;
}

void *trust_context(struct trust *trust)
{
	return trust->context;
}

const struct failure *trust_failure(const struct trust *trust)
{
	return trust->failure.cause != EW_UPLINK_NONE ? &trust->failure : NULL;
}

bool trust_was_asked(const struct trust *trust)
{
	return trust->asked;
}

bool trust_is_done(const struct trust *trust)
{
	return trust->done;
}

int trust_socket_error(const struct trust *trust)
{
	return trust->socket_error;
}

int64_t trust_own_until(const struct trust *trust)
{
	return trust->own_until;
}

int64_t trust_peer_until(const struct trust *trust)
{
	return trust->peer_until;
}
