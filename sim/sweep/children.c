/* children.c: a run that shall fail somewhere is a process of its own, forked where it fails. */
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep.h"

static const char *const way_names[WAY_COUNT] = { "unnoticed", "cost an answer", "ended the server", "ended its start",
                                                  "harmless", "told", "refused", "cut" };

enum { CPU_S_MAX = 20, DEADLINE_S = 900, FRAMES_MAX = 32 };

struct words {
    int way; /* -1: something is wrong */
    char why[WHY_BYTES_MAX];
};

static int saying = -1; /* of a child: where it says what became of it */

void children_init(struct children *children, const char *name, unsigned max, bool aloud)
{
    *children = (struct children){ .name = name, .max = max, .aloud = aloud };
    children->at = calloc(max, sizeof(*children->at));
    if (children->at == NULL)
        abort();
}

void children_deinit(struct children *children)
{
    free(children->at);
}

static void judge(struct children *children, const struct child *child, int status, const struct words *words, bool said)
{
    children->ended++;
    if (WIFEXITED(status) && said && words->way >= 0) {
        children->ways[words->way]++;
        if (!children->aloud)
            return;
    } else {
        children->bad++;
    }
    (void)printf("%s %llu: ", children->name, (unsigned long long)child->number);
    if (said && WIFEXITED(status))
        (void)printf("%s%s\n", words->way < 0 ? "WRONG: " : way_names[words->way], words->why);
    else if (WIFSIGNALED(status))
        (void)printf("WRONG: ended by signal %d%s\n", WTERMSIG(status),
                     WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU ? " (it hangs)" : "");
    else
        (void)printf("WRONG: ended without a word, with %d\n", WEXITSTATUS(status));
    (void)fflush(stdout);
}

/* Any one of them. */
static void reap(struct children *children)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);

    for (unsigned i = 0; i < children->count; i++) {
        struct child child = children->at[i];
        struct words words = { 0 };
        ssize_t got;

        if (child.pid != pid)
            continue;
        got = read(child.fd, &words, sizeof(words));
        (void)close(child.fd);
        children->at[i] = children->at[--children->count];
        words.why[sizeof(words.why) - 1] = 0;
        judge(children, &child, status, &words, got == (ssize_t)sizeof(words));
        return;
    }
    if (pid < 0)
        abort();
}

void children_wait(struct children *children)
{
    while (children->count)
        reap(children);
}

/* For people: where it was. */
static void fallen(int number)
{
    void *frames[FRAMES_MAX];

    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), 2);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

int children_fork(struct children *children, uint64_t number)
{
    int fds[2];
    pid_t pid;

    while (children->count >= children->max)
        reap(children);
    (void)fflush(NULL);
    if (pipe(fds) != 0)
        abort();
    pid = fork();
    if (pid < 0)
        abort();
    if (pid > 0) {
        (void)close(fds[1]);
        children->at[children->count++] = (struct child){ pid, fds[0], number };
        return pid;
    }
    (void)close(fds[0]);
    saying = fds[1];
    (void)setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_S_MAX, CPU_S_MAX + 1 });
    (void)alarm(DEADLINE_S); /* late: who runs in the background may have to wait long */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    if (children->aloud) {
        (void)signal(SIGABRT, fallen);
        (void)signal(SIGSEGV, fallen);
        (void)signal(SIGALRM, fallen);
        (void)signal(SIGXCPU, fallen);
    }
    if (!children->aloud && freopen("/dev/null", "w", stderr) == NULL)
        abort();
    return 0;
}

void children_say(int way, const char *why)
{
    struct words words = { .way = way };

    (void)snprintf(words.why, sizeof(words.why), "%s", why);
    _exit(write(saying, &words, sizeof(words)) == (ssize_t)sizeof(words) ? 0 : 1);
}
