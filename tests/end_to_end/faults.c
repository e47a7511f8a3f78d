/* Calls of the system that fail, for tests: preloaded into the program.
 *
 * FAULT_CALL   open, read or fsync-folder
 * FAULT_FILE   a part of the path of the files for which it fails
 * FAULT_ERROR  the number of the error
 * FAULT_AFTER  how many calls succeed before
 * FAULT_DIE    after how many renames, removals and synchronizations the process dies, before the next one
 * FAULT_LOG    where the paths of the folders are written that are synchronized
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int calls;

static int fails(const char *call, const char *path) {
  const char *wanted = getenv("FAULT_CALL"), *file = getenv("FAULT_FILE"), *after = getenv("FAULT_AFTER");
  if (!wanted || strcmp(wanted, call) || (file && !strstr(path, file))) return 0;
  if (atomic_fetch_add(&calls, 1) < (after ? atoi(after) : 0)) return 0;
  errno = atoi(getenv("FAULT_ERROR"));
  return 1;
}

static void die_in_time(void) {
  static atomic_int survived;
  const char *limit = getenv("FAULT_DIE");
  if (limit && atomic_fetch_add(&survived, 1) >= atoi(limit)) _exit(137);
}

int rename(const char *from, const char *to) {
  die_in_time();
  int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
  return real(from, to);
}

int unlink(const char *path) {
  die_in_time();
  int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
  return real(path);
}

int rmdir(const char *path) {
  die_in_time();
  int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "rmdir");
  return real(path);
}

static void path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  path[length < 0 ? 0 : length] = 0;
}

static int open_or_fail(const char *name, const char *path, int flags, mode_t mode) {
  if (fails("open", path)) return -1;
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_or_fail("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_or_fail("open64", path, flags, mode);
}

ssize_t read(int fd, void *buffer, size_t size) {
  char path[4096];
  path_of(fd, path, sizeof path);
  if (fails("read", path)) return -1;
  ssize_t (*real)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
  return real(fd, buffer, size);
}

int fsync(int fd) {
  die_in_time();
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    char path[4096];
    path_of(fd, path, sizeof path);
    const char *log = getenv("FAULT_LOG");
    FILE *file = log ? fopen(log, "a") : NULL;
    if (file) {
      fprintf(file, "%s\n", path);
      fclose(file);
    }
    if (fails("fsync-folder", path)) return -1;
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return real(fd);
}
