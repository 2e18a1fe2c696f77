/* libcurl.h: libcurl, loaded when the first request is to be made.
 *
 * Only outgoing requests need it, and it brings some twenty-five other libraries: linked in the ordinary way they would
 * be a third of what a server that makes no request pays at start, and most of its idle memory. */
#pragma once

#include <curl/curl.h>

#include "base/err.h"

/* name of a member, name in the library without its "curl_" */
#define LIBCURL_FUNCTIONS(X)                                                                                            \
    X(global_init, global_init)                                                                                         \
    X(global_cleanup, global_cleanup)                                                                                   \
    X(easy_create, easy_init)                                                                                           \
    X(easy_destroy, easy_cleanup)                                                                                       \
    X(easy_set, easy_setopt)                                                                                            \
    X(easy_get, easy_getinfo)                                                                                           \
    X(easy_sentence, easy_strerror)                                                                                     \
    X(multi_create, multi_init)                                                                                         \
    X(multi_destroy, multi_cleanup)                                                                                     \
    X(multi_set, multi_setopt)                                                                                          \
    X(multi_add, multi_add_handle)                                                                                      \
    X(multi_remove, multi_remove_handle)                                                                                \
    X(multi_act, multi_socket_action)                                                                                   \
    X(multi_tie, multi_assign)                                                                                          \
    X(multi_next, multi_info_read)                                                                                      \
    X(list_append, slist_append)                                                                                        \
    X(list_free, slist_free_all)

struct libcurl {
    void *library;
#define LIBCURL_MEMBER(member, name) __typeof__(curl_##name) *member;
    LIBCURL_FUNCTIONS(LIBCURL_MEMBER)
#undef LIBCURL_MEMBER
};

/* UNSUPPORTED: it is not installed, or lacks a function. */
must_use enum err libcurl_open(struct libcurl *ret_curl);
void libcurl_close(struct libcurl *curl);
