/* tls_make.c: a local certificate authority, and server certificates signed by it.
 *
 * What strict clients ask for: version 3, a random serial, key identifiers, a critical CA constraint and key usage on
 * the CA; subjectAltName and the server usage on the server's certificate, which lives for less than 825 days. */
#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>

enum { DAY_S = 86400, CA_DAYS = 3650, SERVER_DAYS = 800, PEM_MAX = 64 << 10, NAMES_MAX = 200, NAME_SIZE_MAX = 255 };

static bool add_extension(X509 *cert, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;
    int added;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, kind, value);
    if (extension == NULL)
        return false;
    added = X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return added == 1;
}

static bool set_serial(X509 *cert)
{
    unsigned char bytes[16];
    BIGNUM *number;
    bool fine;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and never short */
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    fine = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return fine;
}

static bool set_times(X509 *cert, int64_t now_ms, int64_t days)
{
    int64_t from = now_ms / 1000 - DAY_S, to = now_ms / 1000 + days * DAY_S;

    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)to);
}

static bool set_name(X509 *cert, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Leat", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
}

static bool add_name(GENERAL_NAMES *all, str name)
{
    char text[NAME_SIZE_MAX + 1];
    unsigned char address[16];
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_STRING *value;
    int kind = GEN_IPADD, size = 0;

    memcpy(text, name.at, name.size);
    text[name.size] = 0;
    if (inet_pton(AF_INET, text, address) == 1)
        size = 4;
    else if (inet_pton(AF_INET6, text, address) == 1)
        size = 16;
    else
        kind = GEN_DNS;
    value = kind == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    if (general == NULL || value == NULL ||
        ASN1_STRING_set(value, size ? (void *)address : (void *)text, size ? size : (int)name.size) != 1) {
        GENERAL_NAME_free(general);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(general, kind, value);
    if (sk_GENERAL_NAME_push(all, general) > 0)
        return true;
    GENERAL_NAME_free(general);
    return false;
}

static bool add_names(X509 *cert, const str *names, size_t count)
{
    GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
    bool fine = all != NULL;

    for (size_t i = 0; i < count && fine; i++)
        fine = add_name(all, names[i]);
    fine = fine && X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(all);
    return fine;
}

static enum err write_pem(BIO *bio, bool written, struct buf *ret_pem)
{
    char *at;
    long size;

    if (!written)
        return ERR_NO_MEMORY;
    size = BIO_get_mem_data(bio, &at);
    buf_clear(ret_pem);
    buf_append(ret_pem, str_bytes(at, (size_t)size));
    buf_byte(ret_pem, 0);
    if (ret_pem->err == OK)
        ret_pem->size--; /* a zero byte follows */
    return ret_pem->err;
}

static enum err write_both(X509 *cert, EVP_PKEY *key, struct buf *ret_cert, struct buf *ret_key)
{
    BIO *cert_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());
    enum err err = ERR_NO_MEMORY;

    buf_deinit(ret_cert);
    buf_deinit(ret_key);
    buf_init(ret_cert, PEM_MAX);
    buf_init(ret_key, PEM_MAX);
    if (cert_pem && key_pem) {
        err = write_pem(cert_pem, PEM_write_bio_X509(cert_pem, cert) == 1, ret_cert);
        if (err == OK)
            err = write_pem(key_pem, PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) == 1,
                            ret_key);
    }
    BIO_free(cert_pem);
    BIO_free(key_pem);
    if (err != OK) {
        buf_deinit(ret_cert);
        buf_deinit(ret_key);
    }
    return err;
}

static X509 *begin(EVP_PKEY *key, int64_t now_ms, int64_t days, const char *common_name)
{
    X509 *cert = X509_new();

    if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) && set_times(cert, now_ms, days) &&
        set_name(cert, common_name) && X509_set_pubkey(cert, key))
        return cert;
    X509_free(cert);
    return NULL;
}

enum err tls_make_ca(int64_t now_ms, struct tls_made *made)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? begin(key, now_ms, CA_DAYS, "Leat local CA") : NULL;
    enum err err = ERR_NO_MEMORY;

    if (cert && X509_set_issuer_name(cert, X509_get_subject_name(cert)) &&
        add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(cert, cert, NID_subject_key_identifier, "hash") && X509_sign(cert, key, EVP_sha256()))
        err = write_both(cert, key, &made->ca_cert, &made->ca_key);
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

static enum err read_ca(const struct tls_made *made, X509 **ret_cert, EVP_PKEY **ret_key)
{
    BIO *cert_pem = BIO_new_mem_buf(buf_str(&made->ca_cert).at, (int)made->ca_cert.size);
    BIO *key_pem = BIO_new_mem_buf(buf_str(&made->ca_key).at, (int)made->ca_key.size);
    enum err err = ERR_NO_MEMORY;

    if (cert_pem && key_pem) {
        *ret_cert = PEM_read_bio_X509(cert_pem, NULL, NULL, NULL);
        *ret_key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, (void *)"");
        err = *ret_cert && *ret_key ? OK : ERR_MALFORMED;
    }
    BIO_free(cert_pem);
    BIO_free(key_pem);
    return err;
}

static bool names_fit(const str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].size == 0 || names[i].size > NAME_SIZE_MAX || memchr(names[i].at, 0, names[i].size))
            return false;
    return count > 0 && count <= NAMES_MAX;
}

enum err tls_make_server(int64_t now_ms, const str *names, size_t name_count, struct tls_made *made)
{
    X509 *ca = NULL, *cert = NULL;
    EVP_PKEY *ca_key = NULL, *key = NULL;
    enum err err;

    if (!names_fit(names, name_count))
        return ERR_MALFORMED;
    err = read_ca(made, &ca, &ca_key);
    if (err != OK)
        goto out;
    err = ERR_NO_MEMORY;
    key = EVP_EC_gen("P-256");
    cert = key ? begin(key, now_ms, SERVER_DAYS, "Leat") : NULL;
    if (cert && X509_set_issuer_name(cert, X509_get_subject_name(ca)) &&
        add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
        add_extension(cert, ca, NID_ext_key_usage, "serverAuth") &&
        add_extension(cert, ca, NID_subject_key_identifier, "hash") &&
        add_extension(cert, ca, NID_authority_key_identifier, "keyid:always") &&
        add_names(cert, names, name_count) && X509_sign(cert, ca_key, EVP_sha256()))
        err = X509_verify(cert, X509_get0_pubkey(ca)) == 1 ? write_both(cert, key, &made->cert, &made->key)
                                                           : ERR_MALFORMED; /* the authority's key is not its own */
out:
    X509_free(ca);
    X509_free(cert);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}
