/* SPDX-License-Identifier: BSD-2-Clause */
/* msfd as a child, in a folder of its own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench-msfd.h"

#define PATIENCE_MS 5000
#define PAUSE_NS    5000000

static int is_ready(const char *path)
{
	struct msf_config *config;
	struct msf *msf;
	int r = msf_config_new(&config);

	if (r < 0)
		return r;
	msf_config_set_backend(config, MSF_BACKEND_ASM);
	r = msf_config_set_agent(config, path);
	if (!r)
		r = msf_new(&msf, config);
	msf_config_free(config);
	if (r)
		return r;
	r = msf_probe_wire(msf);
	msf_free(msf);
	return r == MSF_WIRE_AGENT;
}

static int wait_until_ready(const struct daemon *daemon)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int r = 0;

	for (int i = 0; !r && i < PATIENCE_MS / (PAUSE_NS / 1000000); i++) {
		if (waitpid(daemon->pid, NULL, WNOHANG))
			return -ECHILD;
		nanosleep(&pause, NULL);
		r = is_ready(daemon->path);
	}
	return r > 0 ? 0 : r ? r : -ETIMEDOUT;
}

int daemon_start(struct daemon *daemon, const char *program)
{
	const char *folder = getenv("TMPDIR");

	*daemon = (struct daemon){ 0 };
	snprintf(daemon->folder, sizeof(daemon->folder), "%s/msfd-XXXXXX",
		 folder ? folder : "/tmp");
	if (!mkdtemp(daemon->folder))
		return -errno;
	snprintf(daemon->path, sizeof(daemon->path), "%s/msfd.sock", daemon->folder);
	daemon->pid = fork();
	if (daemon->pid < 0)
		return -errno;
	if (!daemon->pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execlp(program, program, "--suppress-kernel", "--user", "root",
		       "--config", "/dev/null", "--socket", daemon->path, (char *)NULL);
		_exit(127);
	}
	return wait_until_ready(daemon);
}

static void remove_file(const char *folder, const char *name)
{
	char path[112];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

void daemon_stop(struct daemon *daemon)
{
	if (daemon->pid > 0) {
		kill(daemon->pid, SIGTERM);
		waitpid(daemon->pid, NULL, 0);
	}
	remove_file(daemon->folder, "msfd.sock");
	remove_file(daemon->folder, "msfd.journal");
	remove_file(daemon->folder, "msfd.lock");
	rmdir(daemon->folder);
}

static FILE *open_proc(const struct daemon *daemon, const char *name)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)daemon->pid, name);
	return fopen(path, "re");
}

uint64_t daemon_get_cpu(const struct daemon *daemon)
{
	FILE *file = open_proc(daemon, "schedstat");
	unsigned long long ns = 0;

	if (file) {
		if (fscanf(file, "%llu", &ns) != 1)
			ns = 0;
		fclose(file);
	}
	return ns;
}

uint64_t daemon_get_memory(const struct daemon *daemon)
{
	FILE *file = open_proc(daemon, "status");
	unsigned long long kb = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %llu", &kb) == 1)
			break;
	if (file)
		fclose(file);
	return kb * 1024;
}
