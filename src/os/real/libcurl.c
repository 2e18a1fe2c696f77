/* libcurl.c: a shared library opened by hand. */
#include "os/real/libcurl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* The name that libcurl has had since 2006; its functions keep their meaning under it. */
#ifdef __APPLE__
#define LIBRARY "libcurl.4.dylib"
#else
#define LIBRARY "libcurl.so.4"
#endif

/* POSIX gives functions and data pointers of one size; ISO C has no cast between them. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *found = dlsym(library, name);

    memcpy(ret_function, &found, sizeof(found));
    return found != NULL;
}

enum err libcurl_open(struct libcurl *ret_curl)
{
    struct libcurl curl;
    bool all = true;

    /* Never unmapped: some libraries that come with it leave handlers behind that run at exit. */
    curl.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (curl.library == NULL)
        return ERR_UNSUPPORTED;
#define LIBCURL_FIND(member, name) all = find(curl.library, "curl_" #name, &curl.member) && all;
    LIBCURL_FUNCTIONS(LIBCURL_FIND)
#undef LIBCURL_FIND
    if (!all) {
        libcurl_close(&curl);
        return ERR_UNSUPPORTED;
    }
    *ret_curl = curl;
    return OK;
}

void libcurl_close(struct libcurl *curl)
{
    (void)dlclose(curl->library);
}
