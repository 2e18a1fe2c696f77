/* serve.h: `leat serve`, from settings to exit code. */
#pragma once

struct settings;

/* Runs until told to stop (SIGTERM, SIGINT). 0: stopped in order; 1: could not start or go on (told on stderr). */
int serve_main(const struct settings *settings);
