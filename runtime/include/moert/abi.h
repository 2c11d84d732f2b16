/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The contract between compiled code and libmoert.
 *
 * An artifact (a shared object, or an executable with libmoert linked in) exports one symbol,
 * `moert_artifact_v1`, of type `struct moert_artifact_v1`. Compiled code imports nothing of
 * libmoert: whatever it needs at run time it calls through the function table that the context's
 * first field points at.
 *
 * Compilers write these structures as constants, so the layout is the interface: fixed-width
 * fields, natural alignment, no hidden padding, offsets asserted below. Structures that carry a
 * `size` grow at their end only; the others are frozen for MOERT_ABI_VERSION 1 from its first
 * release on. Reserved fields are zero.
 *
 * Sizes and offsets are in bytes unless a comment says elements or rows. Strings are UTF-8 and end
 * in NUL. Everything an artifact's tables point at is constant and lives as long as the artifact.
 */
#ifndef MOERT_ABI_H
#define MOERT_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define MOERT_STATIC_ASSERT(condition, text) static_assert(condition, text)
extern "C" {
#else
#define MOERT_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define MOERT_ABI_VERSION 1
/* The name of an artifact's one exported symbol. */
#define MOERT_ARTIFACT_SYMBOL "moert_artifact_v1"
/* Tensors have at most this many dimensions. */
#define MOERT_MAX_RANK 8
/* Alignment of whatever `alloc` and `output` of the function table return. */
#define MOERT_ALIGNMENT 64
/* Weight slabs start at multiples of this, in the file and in memory. */
#define MOERT_SLAB_ALIGNMENT 4096
/* Stack that a kernel may count on, on every thread that runs it; scratch tiles may live there. */
#define MOERT_KERNEL_STACK_BYTES 262144

/* Outcomes, as `moert_entry_fn` returns them, `fail` takes them and moert_status carries them. */
enum moert_code {
  MOERT_OK = 0,
  MOERT_INVALID_ARGUMENT = 1,    /* the caller's mistake: wrong shape, dtype, name, option */
  MOERT_NOT_FOUND = 2,           /* a file, symbol, entry or tensor that is not there */
  MOERT_FAILED_PRECONDITION = 3, /* right call at the wrong time */
  MOERT_INCOMPATIBLE = 4,        /* well-formed, but another version, build or machine */
  MOERT_CORRUPT = 5,             /* truncated, altered or malformed file or table */
  MOERT_IO = 6,                  /* the operating system failed a file operation */
  MOERT_OUT_OF_MEMORY = 7,       /* an allocation failed */
  MOERT_RESOURCE_EXHAUSTED = 8,  /* a stated limit is reached: state capacity, output buffer */
  MOERT_UNSUPPORTED = 9,         /* this build, processor or machine's driver cannot do it */
  MOERT_CANCELLED = 10,          /* the request was cancelled */
  MOERT_DEADLINE_EXCEEDED = 11,  /* the request's deadline has passed */
  MOERT_PEER_LOST = 12,          /* another rank died or left */
  MOERT_UNAVAILABLE = 13,        /* try again later */
  MOERT_ABORTED = 14,            /* the group gave up this operation */
  MOERT_INTERNAL = 15            /* a fault of the compiler or of this library */
};

/* Element types, numbered as ONNX's TensorProto.DataType. Four-bit and two-bit types are packed,
 * the first element in the low bits. bool is one byte, 0 or 1. */
enum moert_dtype {
  MOERT_UNDEFINED = 0,
  MOERT_F32 = 1,
  MOERT_U8 = 2,
  MOERT_I8 = 3,
  MOERT_U16 = 4,
  MOERT_I16 = 5,
  MOERT_I32 = 6,
  MOERT_I64 = 7,
  MOERT_STRING = 8,
  MOERT_BOOL = 9,
  MOERT_F16 = 10,
  MOERT_F64 = 11,
  MOERT_U32 = 12,
  MOERT_U64 = 13,
  MOERT_C64 = 14,
  MOERT_C128 = 15,
  MOERT_BF16 = 16,
  MOERT_F8E4M3FN = 17,
  MOERT_F8E4M3FNUZ = 18,
  MOERT_F8E5M2 = 19,
  MOERT_F8E5M2FNUZ = 20,
  MOERT_U4 = 21,
  MOERT_I4 = 22,
  MOERT_F4E2M1 = 23,
  MOERT_F8E8M0 = 24,
  MOERT_U2 = 25
};

/* Bits of one element; 0 for types without a fixed size (undefined, string) and unknown numbers. */
static inline int32_t moert_dtype_bits(int32_t dtype) {
  switch (dtype) {
  case MOERT_U2:
    return 2;
  case MOERT_U4:
  case MOERT_I4:
  case MOERT_F4E2M1:
    return 4;
  case MOERT_U8:
  case MOERT_I8:
  case MOERT_BOOL:
  case MOERT_F8E4M3FN:
  case MOERT_F8E4M3FNUZ:
  case MOERT_F8E5M2:
  case MOERT_F8E5M2FNUZ:
  case MOERT_F8E8M0:
    return 8;
  case MOERT_U16:
  case MOERT_I16:
  case MOERT_F16:
  case MOERT_BF16:
    return 16;
  case MOERT_F32:
  case MOERT_I32:
  case MOERT_U32:
    return 32;
  case MOERT_F64:
  case MOERT_I64:
  case MOERT_U64:
  case MOERT_C64:
    return 64;
  case MOERT_C128:
    return 128;
  default:
    return 0;
  }
}

/* Instruction-set levels kernels are built for, lowest first. */
enum moert_isa {
  MOERT_ISA_V2 = 0,     /* x86-64-v2: SSE4.2, POPCNT */
  MOERT_ISA_AVX2 = 1,   /* AVX2, FMA, F16C */
  MOERT_ISA_AVX512 = 2, /* AVX-512 F, BW, DQ, VL (and all of AVX2) */
  MOERT_ISA_COUNT = 3
};

/* Levels that kernel tables have room for: what is frozen must not change when one is added. */
#define MOERT_ISA_SLOTS 8

/* A tensor in memory: dense, row-major. `sizes[rank]` and beyond are unspecified. */
typedef struct moert_buffer {
  void *data;
  int64_t rank;
  int64_t sizes[MOERT_MAX_RANK]; /* elements */
} moert_buffer;

/* The rows that a rank takes into an exchange, in the order of their experts. */
typedef struct moert_exchange_rows {
  const void *rows;      /* row-major, rows adjacent; may be null where there are none */
  int64_t row_bytes;     /* 1 to 2^40; the same on all ranks */
  const int32_t *gather; /* row r is rows[gather[r]]; null: rows[r] */
  /* [num_experts + 1], from 0, ascending: expert e has rows offsets[e] to offsets[e + 1] - 1 */
  const int32_t *offsets;
  int64_t element_bytes; /* 1, 2, 4, 8 or 16; rows are a multiple, and aligned to it */
} moert_exchange_rows;

typedef struct moert_functions moert_functions;

/* The context of one run. Compiled code reads `functions` and passes the pointer on; what follows
 * that field belongs to libmoert. A context is used by one run, on the thread that runs it; kernels
 * receive it on other threads for `parallel_for` only. */
typedef struct moert_ctx {
  const moert_functions *functions;
} moert_ctx;

/* An entry point. `inputs` and `outputs` have the lengths of the entry's tables; shapes of inputs
 * have been checked against the signature. Every output is produced by calling `output` of the
 * function table once, which also fills `outputs[index]`. Returns a moert_code. */
typedef int32_t (*moert_entry_fn)(moert_ctx *ctx, const moert_buffer *inputs,
                                  moert_buffer *outputs);

/* Processes units [begin, end) of a parallel loop. `record` is a structure the host code laid out
 * on its stack, read by several threads at once. A kernel may call `parallel_for` (which then runs
 * inline) and no other function of the table. How units are cut into ranges varies from run to
 * run; results must not. */
typedef void (*moert_kernel_fn)(moert_ctx *ctx, void *record, int64_t begin, int64_t end);

/*
 * What compiled code may ask of the runtime. Functions marked [unwinds] may not return: they end
 * the run by longjmp, after which all memory the run allocated is taken back by the context. So
 * compiled code owns nothing that needs a destructor, and takes no locks.
 * An index beyond the artifact's tables ends the run with MOERT_INTERNAL.
 */
struct moert_functions {
  /* sizeof(moert_functions) of the runtime: a slot at or beyond it does not exist. */
  uint64_t size;

  /* [unwinds] Memory of `bytes` >= 0 bytes, aligned to MOERT_ALIGNMENT, uninitialised, from the
   * session's caching pool. Never null, also for 0 bytes. */
  void *(*alloc)(moert_ctx *ctx, int64_t bytes);

  /* Gives memory of `alloc` of the same run back; null is allowed. What a run does not release is
   * released when it ends. */
  void (*release)(moert_ctx *ctx, void *memory);

  /* [unwinds] Runs kernel number `kernel` of the artifact's table over units [0, units), on this
   * thread and the runtime's; returns when all units are done. Cancellation and the deadline are
   * looked at before and after. `units` must depend on shapes only. */
  void (*parallel_for)(moert_ctx *ctx, uint32_t kernel, void *record, int64_t units);

  /* Slab 0 of weight `index`; slab s lies s * slab_stride bytes further. Read-only. */
  const void *(*weight)(moert_ctx *ctx, uint32_t index);

  /* [unwinds] Memory of output `index`, of the given shape: the caller's buffer where the request
   * has one, else memory owned by the request. Aligned to MOERT_ALIGNMENT unless it is the
   * caller's, which is aligned to its element type. Fills `outputs[index]`. Once per output. */
  void *(*output)(moert_ctx *ctx, uint32_t index, int64_t rank, const int64_t *sizes);

  /* [unwinds, always] Ends the run with `code` (not MOERT_OK) and a copy of `message`. Not to be
   * called from kernels. */
  void (*fail)(moert_ctx *ctx, int32_t code, const char *message);

  /* Base of bound state `index` and, in rows along its axis, its present length and its capacity.
   * Rows appended earlier in this run count. Rows never written are zeros. The base does not move
   * during a run; the buffer is laid out for `capacity` rows. */
  void *(*state)(moert_ctx *ctx, uint32_t index, int64_t *length, int64_t *capacity);

  /* [unwinds] Makes state `index` longer by `rows` >= 0; the caller then writes these rows. Ends
   * the run with MOERT_RESOURCE_EXHAUSTED beyond the capacity. The growth becomes permanent when
   * the run succeeds and is undone when it does not. */
  void (*append_state)(moert_ctx *ctx, uint32_t index, int64_t rows);

  /*
   * Slots for later; null until a runtime provides them. An artifact that needs one says so by the
   * tables it carries, and is refused by a runtime that lacks it before any of its code runs.
   */

  /* [unwinds] Enqueues device kernel `kernel` on `queue` (0: the run's): `grid` and `block` in
   * blocks and threads, `shared_bytes` of dynamic shared memory, a copy of `record` as its
   * parameters, each at a multiple of its size. A grid with a size of 0 launches nothing. */
  void (*launch)(moert_ctx *ctx, uint32_t kernel, uint32_t queue, const uint32_t grid[3],
                 const uint32_t block[3], uint32_t shared_bytes, const void *record,
                 int64_t record_bytes);

  /*
   * Exchanges. Rows go to the ranks of their experts, which compute something of each row by
   * itself, and come back. An exchange is begun, then for each round its rows are received and
   * what was made of them is returned, one round after the other; then it is ended. A run has one
   * exchange at a time, and all ranks of the group come to the same ones in the same order. Calls
   * out of order end the run with MOERT_INTERNAL, as does an entry that returns within an exchange.
   * Waits for other ranks end at the deadline, when the request is cancelled and when the group
   * comes apart, with MOERT_PEER_LOST or MOERT_ABORTED; ranks that are at different exchanges end
   * with MOERT_INVALID_ARGUMENT.
   */

  /* [unwinds] Begins exchange `exchange` of the artifact's table. What `send` points at stays
   * untouched until the exchange has ended: other ranks read it, and exchange_receive gives
   * addresses within (offsets may change after the call). Fills plan[0] with the number of rounds
   * (0: no rank has rows) and plan[1] with the rows of a window, at least 1. Both are the same on
   * all members; plan[1] depends on shapes only. */
  void (*exchange_begin)(moert_ctx *ctx, uint32_t exchange, const moert_exchange_rows *send,
                         int64_t plan[2]);
  /* [unwinds] Calls host operator number `function` on `num_args` tensors; results are allocated
   * with `alloc`, their shapes filled in. */
  void (*host_call)(moert_ctx *ctx, uint32_t function, const moert_buffer *args, int64_t num_args,
                    moert_buffer *results, int64_t num_results);

  /* [unwinds] parallel_for whose ranges have at most `grain` >= 1 units: for loops whose units cost
   * differently, or whose neighbours share operands that a cache holds for so many. */
  void (*parallel_for_grain)(moert_ctx *ctx, uint32_t kernel, void *record, int64_t units,
                             int64_t grain);

  /* [unwinds] The rows of round `round`, and their ranges in `offsets`, [num_experts * parts + 1]:
   * those of each part of each expert, empty for those of other ranks. Row r begins
   * `(*places)[r] * element_bytes` bytes after the address that is returned, which is aligned to
   * the elements: places are [plan[1]], not negative, and read only like the rows, which the
   * rank's own may be among. Rows at the last offset and beyond hold anything that may be read. All
   * stays until the round is returned. */
  const void *(*exchange_receive)(moert_ctx *ctx, int64_t round, int32_t *offsets,
                                  const int64_t **places);

  /* [unwinds] Gives what was made of the rows of round `round`: row r of `rows`, of `row_bytes`,
   * belongs to row r of the round; `rows` may change after the call. `results` has room for a row
   * of `row_bytes * parts` for each row that this rank took into the exchange, and is the same in
   * every round: rows that come back are written there, up to the end of the exchange, each to the
   * place that it had, part i from byte `i * row_bytes` of it. Not called where there are no
   * rounds. */
  void (*exchange_return)(moert_ctx *ctx, int64_t round, const void *rows, int64_t row_bytes,
                          void *results);

  /* [unwinds] Returns when all rows are back and nobody reads those of `exchange_begin`. */
  void (*exchange_end)(moert_ctx *ctx);

  /*
   * Artifacts with device code. There, what `alloc`, `weight`, `output` and `state` give, and
   * `data` of inputs, are addresses of the device that the session was opened with; only kernels
   * may look behind them. Kernels and what follows come one after the other. So are all addresses
   * that the functions for exchanges take and give, but for `send` and `plan` themselves; rows of a
   * round are one after the other there, the first aligned to 256: places[r] is r rows.
   */

  /* [unwinds] The device's copy of `bytes` constant bytes at `data`, made once per session. */
  const void *(*device_constant)(moert_ctx *ctx, const void *data, int64_t bytes);
  /* [unwinds] Copies `bytes` of the device's memory to the host's when all that was enqueued before
   * is done: for single numbers that shapes depend on. */
  void (*device_read)(moert_ctx *ctx, void *to, const void *from, int64_t bytes);
  /* [unwinds] The other way round. `from` may change after the call. */
  void (*device_write)(moert_ctx *ctx, void *to, const void *from, int64_t bytes);
  /* [unwinds] 4 bytes of the device's memory, aligned to 256, the same throughout a run and no
   * other run's at the same time: 0 whenever no kernel runs, because a kernel that counts with them
   * leaves 0. */
  void *(*device_counter)(moert_ctx *ctx);

  /* [unwinds] An int32_t of the device's memory, the same throughout a run, which begins as 0. A
   * kernel that finds check c of the artifact's table violated makes it 1 + c where it is still 0:
   * the run ends with that check then. It is looked at once, together with the run's results, so
   * that nobody waits for a check; what is launched after it must be safe with any data. */
  void *(*failed_check)(moert_ctx *ctx);
};

/* An input or an output of an entry. */
typedef struct moert_value_info {
  const char *name;
  int32_t dtype; /* moert_dtype */
  int32_t rank;
  const int64_t *sizes;         /* [rank]; -1 is dynamic; may be null where rank is 0 */
  const char *const *dim_names; /* [rank], entries may be null; or null. Equal names within an
                                   entry mean equal sizes. */
} moert_value_info;

typedef struct moert_entry_info {
  const char *name;
  moert_entry_fn fn;
  uint32_t num_inputs;
  uint32_t num_outputs;
  const moert_value_info *inputs;
  const moert_value_info *outputs;
} moert_entry_info;

/* A packed weight: `num_slabs` slabs (one per expert; 1 for a dense weight) of `slab_bytes`. */
typedef struct moert_weight_info {
  const char *name;
  int32_t dtype;     /* moert_dtype of the elements inside the slabs; informative */
  uint32_t exchange; /* 1 + the index of the exchange whose owners have the slabs, in order and
                        equally many each: no rank reads those of others. 0: any rank reads any */
  int64_t num_slabs;
  int64_t slab_bytes;
  int64_t slab_stride; /* multiple of MOERT_SLAB_ALIGNMENT, >= slab_bytes */
} moert_weight_info;

/* A buffer the session keeps between runs, growing along one axis. Its size in elements is the
 * product of `sizes` with the capacity, rounded up to a multiple of `granule` rows, in place of
 * `sizes[axis]`. How elements are arranged in it is the compiled code's own affair. */
typedef struct moert_state_info {
  const char *name;
  int32_t dtype; /* moert_dtype */
  int32_t rank;
  const int64_t *sizes;         /* [rank]; -1 at `axis`, and where the session must name the size */
  const char *const *dim_names; /* as in moert_value_info */
  int32_t axis;
  int32_t granule;  /* rows, >= 1 */
  int64_t capacity; /* default capacity in rows; a session may choose another */
} moert_state_info;

typedef struct moert_kernel_info {
  const char *name;
  moert_kernel_fn levels[MOERT_ISA_SLOTS]; /* by moert_isa; null: not built for that level */
} moert_kernel_info;

/* An exchange between ranks, and what its cost depends on. The members of a rank's group are the
 * ranks of the grid that differ from it along `axes` only, numbered in row-major order along them.
 */
typedef struct moert_exchange_info {
  const char *name;      /* for messages and traces */
  const int32_t *owners; /* [num_experts * parts]: the member that has part i of expert e is
                            owners[e * parts + i] */
  uint32_t num_experts;  /* at least 1 */
  uint32_t axes;         /* bit a: axis a of the artifact's grid; not 0 */
  int64_t window_rows;   /* rows that a rank receives in a round at most; at least 1 */
  int64_t chunks;        /* at least 0; rounds that a rank's rows are to be spread over: more where
                            windows do not hold them, fewer where no rank has as many rows; 0: as
                            the costs suggest */
  int64_t row_bytes;     /* of a row on its way to an expert; informative, 0: known at run time */
  int64_t result_bytes;  /* of a row on its way back, of one part; likewise */
  int64_t row_flops;     /* multiplications and additions that a part makes of a row; 0: unknown */
  int64_t parts; /* at least 1: a row goes to all parts of its expert, each of which makes a part
                    of its columns */
} moert_exchange_info;

typedef struct moert_device_kernel_info {
  const char *name;               /* of the function in the device code */
  const uint8_t *parameter_bytes; /* [num_parameters], 1, 2, 4 or 8 each */
  uint32_t num_parameters;
  uint32_t reserved;
} moert_device_kernel_info;

/* Code for a device. `launch` numbers its kernels. */
typedef struct moert_device_code {
  const char *chip;  /* as compilers name it: sm_80 */
  const char *ptx;   /* text for the driver's assembler */
  const void *cubin; /* machine code for `chip`, or null */
  uint64_t cubin_bytes;
  const moert_device_kernel_info *kernels;
  uint32_t num_kernels;
  uint32_t host_operators; /* operations on tensors that are left to the host; informative */
} moert_device_code;

/* What host code of an entry does itself with data of a device, in one run; informative. Of
 * alternatives the larger counts, the body of a loop counts once. */
typedef struct moert_host_work {
  uint32_t operators;     /* operations on tensors that the host computes, element by element */
  uint32_t scalar_reads;  /* single numbers that shapes depend on; each waits for the device */
  uint32_t scalar_writes; /* single numbers, such as sizes as tensors */
  uint32_t launches;      /* of kernels, those without blocks included */
} moert_host_work;

/* A condition on data of a device; see `failed_check`. */
typedef struct moert_check_info {
  const char *message; /* what is wrong and what to do */
  int32_t code;        /* moert_code, not MOERT_OK */
  uint32_t reserved;
} moert_check_info;

/* What the symbol `moert_artifact_v1` holds. There is no typedef, because C would not let a typedef
 * and the symbol share the name. */
struct moert_artifact_v1 {
  uint32_t abi_version; /* MOERT_ABI_VERSION */
  uint32_t size;        /* sizeof(struct moert_artifact_v1) */
  uint8_t build_id[16]; /* equal to that of the weights file */
  const char *producer; /* compiler and version, for messages */
  uint32_t num_entries; /* at least 1; the first is the default */
  uint32_t num_weights;
  uint32_t num_states;
  uint32_t num_kernels;
  const moert_entry_info *entries;
  const moert_weight_info *weights;
  const moert_state_info *states;
  const moert_kernel_info *kernels;
  const char *metadata; /* JSON text, or null */
  /* Bytes of moert_functions, from its start, that the code may call into; 0, or a table that ends
   * before this field: those up to `host_call`. */
  uint64_t functions_bytes;
  /* The ranks that run the artifact together, as a grid whose ranks are numbered in row-major
   * order. A table that ends before these fields, or grid_rank 0: one rank, and no exchanges. */
  uint32_t grid_rank; /* at most 32 */
  uint32_t num_exchanges;
  const int64_t *grid; /* [grid_rank], each at least 1 */
  const moert_exchange_info *exchanges;
  /* A table that ends before this field, or null: the artifact runs on the processor. */
  const moert_device_code *device;
  /* A table that ends before these fields: nothing is known, and there are no checks. */
  const moert_host_work *host_work; /* [num_entries], or null: unknown */
  const moert_check_info *checks;   /* [num_checks] */
  uint32_t num_checks;
  uint32_t reserved;
};

MOERT_STATIC_ASSERT(sizeof(void *) == 8, "moert is defined for 64-bit targets");
MOERT_STATIC_ASSERT(sizeof(moert_ctx) == 8 && offsetof(moert_ctx, functions) == 0, "moert_ctx");
MOERT_STATIC_ASSERT(sizeof(moert_buffer) == 80, "moert_buffer");
MOERT_STATIC_ASSERT(offsetof(moert_buffer, rank) == 8, "moert_buffer");
MOERT_STATIC_ASSERT(offsetof(moert_buffer, sizes) == 16, "moert_buffer");
MOERT_STATIC_ASSERT(offsetof(moert_functions, alloc) == 8, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, release) == 16, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, parallel_for) == 24, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, weight) == 32, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, output) == 40, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, fail) == 48, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, state) == 56, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, append_state) == 64, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, launch) == 72, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, exchange_begin) == 80, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, host_call) == 88, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, parallel_for_grain) == 96, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, exchange_receive) == 104, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, exchange_return) == 112, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, exchange_end) == 120, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, device_constant) == 128, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, device_read) == 136, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, device_write) == 144, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, device_counter) == 152, "moert_functions");
MOERT_STATIC_ASSERT(offsetof(moert_functions, failed_check) == 160, "moert_functions");
MOERT_STATIC_ASSERT(sizeof(moert_functions) == 168, "moert_functions");
MOERT_STATIC_ASSERT(sizeof(moert_exchange_rows) == 40, "moert_exchange_rows");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_rows, row_bytes) == 8, "moert_exchange_rows");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_rows, gather) == 16, "moert_exchange_rows");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_rows, offsets) == 24, "moert_exchange_rows");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_rows, element_bytes) == 32, "moert_exchange_rows");
MOERT_STATIC_ASSERT(sizeof(moert_value_info) == 32, "moert_value_info");
MOERT_STATIC_ASSERT(offsetof(moert_value_info, dtype) == 8, "moert_value_info");
MOERT_STATIC_ASSERT(offsetof(moert_value_info, rank) == 12, "moert_value_info");
MOERT_STATIC_ASSERT(offsetof(moert_value_info, sizes) == 16, "moert_value_info");
MOERT_STATIC_ASSERT(offsetof(moert_value_info, dim_names) == 24, "moert_value_info");
MOERT_STATIC_ASSERT(sizeof(moert_entry_info) == 40, "moert_entry_info");
MOERT_STATIC_ASSERT(offsetof(moert_entry_info, fn) == 8, "moert_entry_info");
MOERT_STATIC_ASSERT(offsetof(moert_entry_info, num_inputs) == 16, "moert_entry_info");
MOERT_STATIC_ASSERT(offsetof(moert_entry_info, num_outputs) == 20, "moert_entry_info");
MOERT_STATIC_ASSERT(offsetof(moert_entry_info, inputs) == 24, "moert_entry_info");
MOERT_STATIC_ASSERT(offsetof(moert_entry_info, outputs) == 32, "moert_entry_info");
MOERT_STATIC_ASSERT(sizeof(moert_weight_info) == 40, "moert_weight_info");
MOERT_STATIC_ASSERT(offsetof(moert_weight_info, dtype) == 8, "moert_weight_info");
MOERT_STATIC_ASSERT(offsetof(moert_weight_info, num_slabs) == 16, "moert_weight_info");
MOERT_STATIC_ASSERT(offsetof(moert_weight_info, slab_bytes) == 24, "moert_weight_info");
MOERT_STATIC_ASSERT(offsetof(moert_weight_info, slab_stride) == 32, "moert_weight_info");
MOERT_STATIC_ASSERT(sizeof(moert_state_info) == 48, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, dtype) == 8, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, rank) == 12, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, sizes) == 16, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, dim_names) == 24, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, axis) == 32, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, granule) == 36, "moert_state_info");
MOERT_STATIC_ASSERT(offsetof(moert_state_info, capacity) == 40, "moert_state_info");
MOERT_STATIC_ASSERT(sizeof(moert_kernel_info) == 72, "moert_kernel_info");
MOERT_STATIC_ASSERT(MOERT_ISA_COUNT <= MOERT_ISA_SLOTS, "moert_kernel_info");
MOERT_STATIC_ASSERT(offsetof(moert_kernel_info, levels) == 8, "moert_kernel_info");
MOERT_STATIC_ASSERT(sizeof(moert_exchange_info) == 72, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, owners) == 8, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, num_experts) == 16, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, axes) == 20, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, window_rows) == 24, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, chunks) == 32, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, row_bytes) == 40, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, result_bytes) == 48, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, row_flops) == 56, "moert_exchange_info");
MOERT_STATIC_ASSERT(offsetof(moert_exchange_info, parts) == 64, "moert_exchange_info");
MOERT_STATIC_ASSERT(sizeof(moert_device_kernel_info) == 24, "moert_device_kernel_info");
MOERT_STATIC_ASSERT(offsetof(moert_device_kernel_info, parameter_bytes) == 8,
                    "moert_device_kernel_info");
MOERT_STATIC_ASSERT(sizeof(moert_device_code) == 48, "moert_device_code");
MOERT_STATIC_ASSERT(offsetof(moert_device_code, kernels) == 32, "moert_device_code");
MOERT_STATIC_ASSERT(sizeof(moert_host_work) == 16, "moert_host_work");
MOERT_STATIC_ASSERT(sizeof(moert_check_info) == 16, "moert_check_info");
MOERT_STATIC_ASSERT(sizeof(struct moert_artifact_v1) == 152, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, device) == 120, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, host_work) == 128, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, checks) == 136, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, num_checks) == 144, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, grid_rank) == 96, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, num_exchanges) == 100, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, grid) == 104, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, exchanges) == 112, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, size) == 4, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, build_id) == 8, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, producer) == 24, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, num_entries) == 32, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, num_weights) == 36, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, num_states) == 40, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, num_kernels) == 44, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, entries) == 48, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, weights) == 56, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, states) == 64, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, kernels) == 72, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, metadata) == 80, "moert_artifact_v1");
MOERT_STATIC_ASSERT(offsetof(struct moert_artifact_v1, functions_bytes) == 88, "moert_artifact_v1");

#ifdef __cplusplus
}
#endif

#endif /* MOERT_ABI_H */
