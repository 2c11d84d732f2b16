/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libmoert: loads and runs what moec compiles.
 *
 *   const moert_api *api = moert_get_api(MOERT_API_VERSION);
 *   moert_runtime *runtime;  moert_artifact *artifact;  moert_weights *weights;
 *   moert_session *session;  moert_request *request;
 *   api->runtime_create(NULL, &runtime);
 *   api->artifact_open(runtime, "model.so", &artifact);
 *   api->weights_open(artifact, NULL, &weights);
 *   api->session_create(artifact, weights, NULL, &session);
 *   api->request_create(session, NULL, &request);
 *   api->request_set_input(request, "x", &tensor);
 *   api->request_run(request);
 *   api->request_output(request, "y", &result);
 *
 * Errors. Functions that can fail return a moert_status; its code is MOERT_OK or says what kind of
 * failure it was, its message is one sentence for people. On failure, handles written through out
 * parameters are null and nothing else has changed. The library never throws, aborts, prints,
 * raises or installs signals; wrong arguments, null handles among them, are MOERT_INVALID_ARGUMENT.
 *
 * Ownership. Each object is created with one reference, given back by its `_release` (null is
 * allowed). Objects keep what they need alive: any order of release is right.
 *
 * Threads. Runtime, artifact, weights and session may be used by any number of threads at once. A
 * request belongs to one thread at a time; only `request_cancel` may be called on it from others.
 *
 * Devices. A session whose artifact has code for GPUs names one (moert_session_options.device), and
 * its runs happen there; inputs and outputs stay in the host's memory. Sessions with the same
 * moert_weights share their copy on a device. Runs of a session without bound state may overlap:
 * each has a stream and memory of its own. Deadline and cancellation are looked at where a run
 * launches a kernel; kernels that were launched run to their end. A kernel that fails, or a device
 * that is lost, ends the run with MOERT_INTERNAL, and the driver refuses all further work of the
 * process on that device: release every session that uses it, then open new ones.
 *
 * Options. Structures passed in begin with `size`, set by the caller to its sizeof; fields beyond
 * it count as zero, zero is every field's default, and null stands for all defaults.
 */
#ifndef MOERT_MOERT_H
#define MOERT_MOERT_H

#include "moert/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MOERT_EXPORT __attribute__((visibility("default")))
#define MOERT_API_VERSION 1

typedef struct moert_runtime moert_runtime;
typedef struct moert_artifact moert_artifact;
typedef struct moert_weights moert_weights;
typedef struct moert_session moert_session;
typedef struct moert_request moert_request;
typedef struct moert_group moert_group;

/* The outcome of a call, by value: nothing to free. */
typedef struct moert_status {
  int32_t code;      /* moert_code */
  int32_t os_error;  /* errno where the operating system was the cause, else 0 */
  char message[504]; /* ends in NUL; empty when code is MOERT_OK */
} moert_status;

enum moert_log_level {
  MOERT_LOG_DEBUG = 0,
  MOERT_LOG_INFO = 1,
  MOERT_LOG_WARNING = 2,
  MOERT_LOG_ERROR = 3
};

/* What a span of work is. */
enum moert_trace_kind {
  MOERT_TRACE_RUN = 0,      /* a whole run */
  MOERT_TRACE_KERNEL = 1,   /* a parallel loop */
  MOERT_TRACE_DISPATCH = 2, /* rows of a round come to the ranks of their experts */
  MOERT_TRACE_EXPERTS = 3,  /* a rank computes the rows of a round */
  MOERT_TRACE_COMBINE = 4   /* results of a round of another rank come back to where they belong */
};

/* One span of work, handed to the trace hook when it ends, on the thread that ran it. Between
 * processes dispatch and combine begin when the rank begins to wait for what comes. */
typedef struct moert_trace_event {
  uint64_t size;
  const char *name; /* of the entry, the kernel or the exchange; lives as long as the artifact */
  int64_t begin_ns; /* in the runtime's clock */
  int64_t end_ns;
  int64_t units; /* of the parallel loop; rows that experts compute; else 0 */
  /* Arguments of the kernel, as its code reads them, until the hook returns; else null. */
  const void *record;
  int32_t kind;  /* moert_trace_kind */
  int32_t rank;  /* that does the work; 0 without a group */
  int32_t layer; /* of exchanges: the exchange, counted from 0 in its run; else 0 */
  int32_t round; /* of exchanges; else 0 */
  int32_t peer;  /* of results that come back: the rank that computed them; else -1 */
  int32_t reserved;
  int64_t bytes; /* of exchanges: what came from other ranks; else 0 */
} moert_trace_event;

/* What the host may take over. Hooks are called from any thread and must be thread-safe; they must
 * not call back into the library. A null hook means the default. alloc and free go together, as do
 * spawn and join. */
typedef struct moert_hooks {
  uint64_t size;
  void *user; /* passed to every hook */
  /* `bytes` > 0, `alignment` a power of two. Null means out of memory. Default: aligned_alloc. */
  void *(*alloc)(void *user, size_t bytes, size_t alignment);
  void (*free)(void *user, void *memory, size_t bytes, size_t alignment);
  /* Default: silence. `level` is a moert_log_level. */
  void (*log)(void *user, int32_t level, const char *message);
  /* Nanoseconds of a clock that never runs backwards. Default: CLOCK_MONOTONIC. */
  int64_t (*now_ns)(void *user);
  /* Default: nothing is measured. */
  void (*trace)(void *user, const moert_trace_event *event);
  /* Starts a thread that runs body(argument), with at least 1 MiB of stack; 0 on success, else an
   * errno. `*thread` is given to join. Default: pthreads with all signals blocked. */
  int32_t (*spawn)(void *user, void (*body)(void *), void *argument, void **thread);
  void (*join)(void *user, void *thread);
} moert_hooks;

typedef struct moert_runtime_options {
  uint64_t size;
  /* Threads that work on a parallel loop, the calling one included; 0: MOERT_THREADS, or where that
   * is unset the processors this process may run on. At most 1024. */
  int32_t threads;
  int32_t reserved;
  /* "v2", "avx2" or "avx512": the level of kernels to run; null: MOERT_ISA, or where that is unset
   * the processor's highest. A level the processor lacks is MOERT_UNSUPPORTED. */
  const char *isa;
  const moert_hooks *hooks; /* copied */
} moert_runtime_options;

typedef struct moert_runtime_info {
  uint64_t size;
  int32_t threads;
  int32_t isa; /* moert_isa */
} moert_runtime_info;

enum moert_load_mode {
  MOERT_LOAD_MMAP = 0, /* shares pages between processes; the file must stay as it is while mapped.
                          A run that begins after it was written to or cut is MOERT_CORRUPT; a run
                          in progress then may end the process, as with any mapped file */
  MOERT_LOAD_READ = 1  /* private memory; the file may change afterwards */
};

enum moert_verify_mode {
  MOERT_VERIFY_HEADER = 0, /* the header and directory, their checksums, the file's size */
  MOERT_VERIFY_FULL = 1    /* and the checksum of every slab */
};

typedef struct moert_weights_options {
  uint64_t size;
  /* Null: MOERT_WEIGHTS, or where that is unset the artifact's path with ".weights" appended. */
  const char *path;
  int32_t load;   /* moert_load_mode */
  int32_t verify; /* moert_verify_mode */
} moert_weights_options;

typedef struct moert_dim_binding {
  const char *name;
  int64_t size; /* elements */
} moert_dim_binding;

/* Points of an exchange. */
typedef enum moert_point {
  MOERT_POINT_DISPATCH = 0, /* before others are told of this rank's rows */
  MOERT_POINT_EXPERTS = 1,  /* rows for this rank's experts have come */
  MOERT_POINT_COMBINE = 2,  /* before others get what was made of their rows */
  MOERT_POINT_END = 3       /* before this rank waits for its own rows */
} moert_point;

/* What a group does when others do not come, and how it passes rows on. */
typedef struct moert_group_options {
  uint64_t size;
  /* How long a rank waits in an exchange, without anything coming, before one that has not come
   * counts as lost; must be longer than ranks compute between exchanges. 0: for ever, unless the
   * request has a deadline. */
  int64_t silence_ns;
  /* For trying out what a slower link would do: rows that cross between ranks take this long, on a
   * link for each rank and direction. 0: as fast as memory is. */
  int64_t link_bytes_per_second;
  /* Rows that a rank receives in a round at most, and rounds that its rows are spread over at
   * least, where that is to be tried out; the results are the same. 0: what the artifact says;
   * windows are never larger than that. */
  int64_t window_rows;
  int64_t chunks;
  /* For drills of what happens when a rank is late, stops or fails: called with `point_user` on the
   * thread of a rank that comes to a moert_point of exchange `layer` of its run, counted from 0;
   * at those of several rounds in the first. A code other than MOERT_OK ends its run, and gives the
   * group up because of this rank, with that code: with MOERT_PEER_LOST the others end as if the
   * rank were gone. Null: nobody is told. */
  int32_t (*at_point)(void *point_user, int32_t rank, int32_t layer, int32_t point);
  void *point_user;
} moert_group_options;

/* Where a rank that is a process meets the others, and who it is. Host, port, secret and interface
 * are read while the group is made. */
typedef struct moert_tcp_options {
  uint64_t size;
  int32_t rank;  /* 0 to ranks - 1 */
  int32_t ranks; /* 1 to 1024; transports may have limits of their own, Gloo of 256 */
  /* Where rank 0 listens: a name or an address that all ranks reach, and a port that is free there.
   * Connections between other ranks use ports that the system chooses. */
  const char *host;
  int32_t port;
  /* Heartbeats that a rank may miss before it counts as lost; 0: 10. */
  int32_t most_missed;
  int64_t heartbeat_ns; /* 0: 100 ms */
  /* The same on all ranks, 16 bytes at least, and known to nobody else: who has it may join. It
   * does not encrypt what ranks send. */
  const void *secret;
  uint64_t secret_bytes;
  /* The address or network device that this rank connects from; null: the one that leads to
   * rank 0. */
  const char *interface;
  /* Counts the groups that take the place of lost ones: ranks of an earlier generation are turned
   * away with MOERT_FAILED_PRECONDITION. */
  uint64_t generation;
  int64_t form_timeout_ns; /* how long the others have to come; 0: 60 s */
  /* Carries the rows: NAME of libmoert_NAME.so (moert/transport.h). Null: "gloo". */
  const char *transport;
} moert_tcp_options;

typedef struct moert_group_info {
  uint64_t size;
  int32_t rank;
  int32_t ranks;
  int32_t code;   /* MOERT_OK, or why the group has been given up: a moert_code */
  int32_t layers; /* exchanges that a run has had at most, see group_traffic */
} moert_group_info;

/* What a rank has sent to another one in one exchange of its runs, all runs added up. Rows that
 * stay on the rank are not counted. */
typedef struct moert_traffic {
  uint64_t size;
  int64_t exchanges;      /* times */
  int64_t dispatch_rows;  /* rows on their way to experts of the peer */
  int64_t dispatch_bytes; /* theirs, and what tells the peer which rows and how many there are */
  int64_t return_rows;    /* rows of the peer on their way back */
  int64_t return_bytes;   /* likewise; without what networks add */
} moert_traffic;

typedef struct moert_session_options {
  uint64_t size;
  /* Rows every bound state can hold; 0: what the artifact says. */
  int64_t state_capacity;
  /* Sizes of named dynamic dimensions. Needed for those of bound states; inputs must agree. */
  const moert_dim_binding *dims;
  uint64_t num_dims;
  /* Limit in bytes on the memory of one run's pool; beyond it a run ends with
   * MOERT_RESOURCE_EXHAUSTED. 0: none. Of the host's memory only, as is what is counted of pools:
   * a run on a device that needs more than the device has ends with MOERT_OUT_OF_MEMORY. */
  int64_t max_pool_bytes;
  /* The ranks that this session runs with, as many as the artifact's grid has; kept alive by the
   * session. Null: none. An artifact without a grid takes none. */
  moert_group *group;
  /* Where an artifact with device code runs; null for one without.
   *   "cuda", "cuda:1"        the machine's first GPU (also for null), or the one of that number
   *   "virtual", "virtual:4"  a GPU that libmoert-vgpu.so simulates, or the first of so many
   * With a group, "cuda" and "virtual:4" are for rank r the GPU of number r, modulo how many there
   * are; the session keeps it when its group changes.
   * Weights, of experts those of this rank, and bound states are then in the device's memory.
   *   MOERT_INVALID_ARGUMENT  no such name or number
   *   MOERT_UNSUPPORTED       no driver (of "virtual": no libmoert-vgpu.so), or no device
   *   MOERT_INCOMPATIBLE      a driver that is too old, or an artifact for another chip
   *   MOERT_OUT_OF_MEMORY     the device's memory does not hold weights and states */
  const char *device;
  /* Not 0: runs on a device are timed there; see moert_session_stats. */
  int32_t times_device;
  int32_t reserved;
} moert_session_options;

typedef struct moert_session_stats {
  uint64_t size;
  int64_t runs;            /* runs that ended, whatever way */
  int64_t failed_runs;     /* those that did not end in MOERT_OK */
  int64_t contexts;        /* runs that have been in flight at one time at most, since trim */
  int64_t pool_bytes;      /* memory now held by the pools of idle and running contexts */
  int64_t pool_peak_bytes; /* the most one context's run has had in use */
  int64_t state_bytes;     /* memory of bound states */
  /* Of a session that times its device: what passed there, in the run that ended last, between
   * its inputs being in the device's memory and its outputs being so; 0 if that run failed. */
  int64_t device_ns;
} moert_session_stats;

/* A tensor of the host. As an input: `data` holds `bytes` bytes, dense and row-major, and stays
 * untouched and readable until the run ends. As a buffer for an output: `data` has room for
 * `bytes`; rank and sizes are ignored. As a result: borrowed from the request until its next run,
 * reset or release. `data` is aligned to its element type; it may be null where `bytes` is 0. */
typedef struct moert_tensor {
  uint64_t size;
  void *data;
  int64_t bytes;
  int32_t dtype; /* moert_dtype */
  int32_t rank;
  const int64_t *sizes; /* [rank], elements */
} moert_tensor;

/* The function table. It grows at its end only; `size` tells which functions exist. */
typedef struct moert_api {
  uint64_t size;

  /* "major.minor.patch". */
  const char *(*version)(void);
  /* The code's name in lower case with spaces, "unknown code" for others. */
  const char *(*code_name)(int32_t code);
  /* "f32", "i64" and so on; "unknown" for others. */
  const char *(*dtype_name)(int32_t dtype);
  /* "v2", "avx2", "avx512"; "unknown" for others. */
  const char *(*isa_name)(int32_t isa);

  /* Owns the threads and the hooks. Threads are started here. */
  moert_status (*runtime_create)(const moert_runtime_options *options, moert_runtime **runtime);
  void (*runtime_release)(moert_runtime *runtime);
  /* Fills as much of `*info` as info->size tells. */
  moert_status (*runtime_info)(moert_runtime *runtime, moert_runtime_info *info);
  /* The runtime's clock, for deadlines. 0 for a null runtime. */
  int64_t (*now_ns)(moert_runtime *runtime);

  /* Loads a shared object that moec made. Its checksum is compared before anything of it is loaded,
   * so a file that was cut or altered by accident is MOERT_CORRUPT and one that moec did not make
   * MOERT_INCOMPATIBLE. Then its code runs, and a checksum is no signature: open only what you
   * trust. The file must stay as it is while it is loaded. A shared object that you link yourself:
   * dlopen it, and artifact_from_table. */
  moert_status (*artifact_open)(moert_runtime *runtime, const char *path,
                                moert_artifact **artifact);
  /* Takes an artifact that is already in this process; it must outlive the handle. `path` (may be
   * null) is where its weights file is looked for. */
  moert_status (*artifact_from_table)(moert_runtime *runtime, const struct moert_artifact_v1 *table,
                                      const char *path, moert_artifact **artifact);
  void (*artifact_release)(moert_artifact *artifact);
  /* Entries, signatures, states, metadata. Null for a null artifact; borrowed from it. */
  const struct moert_artifact_v1 *(*artifact_table)(moert_artifact *artifact);

  /* Opens the artifact's weights file; its build id must be the artifact's. Weights may serve any
   * number of sessions of that artifact. */
  moert_status (*weights_open)(moert_artifact *artifact, const moert_weights_options *options,
                               moert_weights **weights);
  void (*weights_release)(moert_weights *weights);

  /* `weights` may be null for an artifact that has none. Allocates bound states. */
  moert_status (*session_create)(moert_artifact *artifact, moert_weights *weights,
                                 const moert_session_options *options, moert_session **session);
  void (*session_release)(moert_session *session);
  moert_status (*session_stats)(moert_session *session, moert_session_stats *stats);
  /* Gives cached memory of contexts that are not running back to the system. */
  moert_status (*session_trim)(moert_session *session);
  /* Rows in bound state `name`; null: in the longest. 0 for a session without. */
  moert_status (*session_state_length)(moert_session *session, const char *name, int64_t *rows);
  /* Shortens bound state `name` (null: each one that is longer) to its first `rows` rows; 0 starts
   * a new sequence. */
  moert_status (*session_truncate_state)(moert_session *session, const char *name, int64_t rows);

  /* A call of entry `entry` (null: the first). Reuse it: after a first run, further runs with the
   * same shapes allocate nothing. */
  moert_status (*request_create)(moert_session *session, const char *entry,
                                 moert_request **request);
  void (*request_release)(moert_request *request);
  /* Borrows the data of `*tensor` until the input is set anew, reset or released; the structure
   * itself is copied. dtype, rank, fixed sizes and `bytes` are checked here. */
  moert_status (*request_set_input)(moert_request *request, const char *name,
                                    const moert_tensor *tensor);
  /* Lets the output be written to the caller's memory; null takes that back. Output that does not
   * fit ends the run with MOERT_RESOURCE_EXHAUSTED. */
  moert_status (*request_set_output)(moert_request *request, const char *name,
                                     const moert_tensor *tensor);
  /* Absolute, in the runtime's clock; 0: none. Looked at between parallel loops, and while waiting
   * for other ranks. */
  moert_status (*request_set_deadline)(moert_request *request, int64_t deadline_ns);
  /* Runs on the calling thread and the runtime's. Named dimensions are checked here. A session with
   * bound state runs one request at a time and answers MOERT_FAILED_PRECONDITION to a second. */
  moert_status (*request_run)(moert_request *request);
  /* Fills `*tensor` as far as its size tells. MOERT_FAILED_PRECONDITION unless the last run
   * succeeded. */
  moert_status (*request_output)(moert_request *request, const char *name, moert_tensor *tensor);
  /* Ends a run in progress, at its next parallel loop or while it waits for other ranks, or the next
   * one, before it begins, with MOERT_CANCELLED; holds until reset. From any thread. Other ranks
   * learn of a run that never began by `group_abort` only. */
  void (*request_cancel)(moert_request *request);
  /* Forgets inputs, outputs, deadline and cancellation; keeps memory for the next run. */
  moert_status (*request_reset)(moert_request *request);

  /*
   * Groups. A group is the ranks that run one artifact together, each with a session, inputs and
   * states of its own; a moert_group is one rank's end of it. All ranks run the same requests in
   * the same order, each with its own batch, which may be empty. A group has one run at a time on
   * each rank: a second is MOERT_FAILED_PRECONDITION. A run that fails on one rank ends on all of
   * them, elsewhere with MOERT_ABORTED or MOERT_PEER_LOST, and gives the group up: every later run
   * with it fails. Sessions and their states outlive it; build another group and give it to them.
   * A run that fails before compiled code begins (an input is not set, the deadline has passed)
   * leaves the group as it is: the others wait until the rank comes, or calls group_abort.
   */

  /* Ranks that are threads of this process. Fills groups[0] to groups[ranks - 1], 1 to 1024. */
  moert_status (*group_create_local)(moert_runtime *runtime, int32_t ranks,
                                     const moert_group_options *options, moert_group **groups);
  /* The last reference that goes takes the rank out of the group: others that wait for it, now or
   * later, end with MOERT_PEER_LOST. What it has done for them before stays theirs. */
  void (*group_release)(moert_group *group);
  /* Fills as much of `*info` as info->size tells. */
  moert_status (*group_info)(moert_group *group, moert_group_info *info);
  /* Gives the group up: runs in progress, on all ranks, end with MOERT_ABORTED. From any thread. */
  void (*group_abort)(moert_group *group);
  /* What this rank has sent to rank `peer` in exchange `layer` of its runs, counted from 0. Not to
   * be called during a run. */
  moert_status (*group_traffic)(moert_group *group, int32_t layer, int32_t peer,
                                moert_traffic *traffic);
  /* Lets the session go on with another group of as many ranks, or, with null, without one: runs of
   * an artifact for several ranks are MOERT_FAILED_PRECONDITION then. No request of it may be
   * running. */
  moert_status (*session_set_group)(moert_session *session, moert_group *group);

  /* This process as one rank of a group, as launchers leave it in the environment: rank, number of
   * ranks, where rank 0 listens, the secret, the interface and the generation, from MOERT_RANK,
   * MOERT_SIZE, MOERT_RENDEZVOUS, MOERT_TOKEN, MOERT_INTERFACE and MOERT_GENERATION or the
   * variables of torchrun, OpenMPI, PMI and Slurm. Where none is set: a group of this process
   * alone. Otherwise as group_create_tcp. */
  moert_status (*group_create_from_env)(moert_runtime *runtime, const moert_group_options *options,
                                        moert_group **group);
  /* This process as one rank of a group. Returns when all ranks are connected to each other, or
   *   INVALID_ARGUMENT     of the options, or another secret, size or rank than the others have
   *   NOT_FOUND            no such host or interface
   *   UNAVAILABLE          the port of rank 0 is taken
   *   UNSUPPORTED          the transport is not here; the message says what to install
   *   INCOMPATIBLE         the others run another build of this library
   *   FAILED_PRECONDITION  the others build a later generation
   *   DEADLINE_EXCEEDED    some did not come; it says which
   *   PEER_LOST, ABORTED, IO, OUT_OF_MEMORY
   * A rank whose process ends or stops, or whose connections break, is lost: runs on all others end
   * with MOERT_PEER_LOST, which names it, at once or after the heartbeats that it may miss. They
   * may go on in the same processes: when the lost rank has been started again, make a group of the
   * next generation and give it to the sessions. All ranks have the same options of the group;
   * link_bytes_per_second is for threads. */
  moert_status (*group_create_tcp)(moert_runtime *runtime, const moert_tcp_options *tcp,
                                   const moert_group_options *options, moert_group **group);
} moert_api;

/* The table, static and constant, or null if this library does not speak `version`. */
MOERT_EXPORT const moert_api *moert_get_api(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif /* MOERT_MOERT_H */
