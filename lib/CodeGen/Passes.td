//===- Passes.td - Choosing and emitting instructions ---------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PASSES
#define MOEC_LIB_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def NarrowWeightsPass : Pass<"narrow-weights", "::mlir::ModuleOp"> {
  let summary = "choose the type that packed weights are stored in";
  let description = [{
    A weight that products read, `#rt.pack` of f32, is stored in 16 bits where that is asked for: a cast becomes part of
    its expression, `finite`, so that the packer refuses what the type cannot hold. Kernels widen again: activations,
    sums and epilogues stay f32, and so do biases, tables and all else that is not packed.

    What is ranked decides in jumps: products whose result a selection or sort ranks, that is routers, keep f32.

    With any option a weight that its file holds in 16 bits and the model widens, `#rt.pack<#rt.cast<..., f32>>`, is
    packed as the file holds it, which changes no bit of a result.

    In and out: `tile.ragged_matmul` on tensors. A packed weight with other readers, such as a call, stays as it is,
    with a warning.
  }];
  let options = [
    Option<"dtype", "dtype", "std::string", "\"file\"", "What f32 is stored in: file (as it is), bf16 or f16">];
  let statistics = [
    Statistic<"numRounded", "rounded", "Weights whose elements are rounded">,
    Statistic<"numKept", "kept", "Weights of routers that keep f32">];
}

def AllowTf32Pass : Pass<"allow-tf32", "::mlir::ModuleOp"> {
  let summary = "let matrix instructions round f32 operands of products to tf32";
  let description = [{
    Marks each `tile.ragged_matmul` with `tile.allow_tf32`, but for those whose result a selection or sort ranks, that is
    routers. Kernels of devices then round both operands of a product of two f32 to tf32 (10 fraction bits, to nearest,
    ties away from zero) and sum in f32. The attribute is a permission: what drops it is more exact.

    In and out: `tile.ragged_matmul` on tensors.
  }];
  let statistics = [
    Statistic<"numAllowed", "allowed", "Products that were marked">,
    Statistic<"numKept", "kept", "Products of routers that stay exact">];
}

def OutlineLayersPass : Pass<"outline-layers", "::mlir::ModuleOp"> {
  let summary = "make one function of layers that repeat";
  let description = [{
    Between the embedding and the head of a model, layers repeat with other weights. A function is cut at values through
    which all data must pass; reading a size is no data flow, and so masks and positions, which every layer reads, do not
    hinder. Pieces are compared op by op, blind to which weights and other outer values they read, in the order in which
    values depend on each other, not that of nodes. The longest run of equal neighbours becomes one function, whose
    operands are the value that flows through, weights and outer values; what other parts read from inside a layer
    becomes a result. Unequal ends stay inline.

    Messages of checks may differ between layers: those of the first are kept, since sizes are the same in all.

    In and out: tensors, with weights in the form that kernels read.
  }];
  let options = [
    Option<"minOps", "min-ops", "uint64_t", "8", "Ops of a layer below which a call is not worth it">];
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numFunctions", "functions", "Functions made">,
    Statistic<"numLayers", "layers", "Layers that became calls">];
}

def SeparateFillsPass : Pass<"separate-fills"> {
  let summary = "give each reduction an initial value of its own";
  let description = [{
    A `linalg.fill` that several ops start from is made again before each of them, with a tensor of its own. Shared, as
    common subexpressions leave it, it would be copied for all but the last when tensors become buffers, and it would
    stand far from the reductions, whose launches it could not join.

    In and out: linalg on tensors.
  }];
  let statistics = [Statistic<"numSeparated", "separated", "Fills made for one op">];
}

def DenseReceivedRowsPass : Pass<"dense-received-rows"> {
  let summary = "read the rows of a round where a device has them, one after the other";
  let description = [{
    On the processor rows of a round are read wherever they are, each at a place of its own. A device has copies of them,
    one after the other and aligned like any buffer: products read these without places, in copies as wide as a row
    allows.

    ```mlir
    %memory, %places = rt.receive_rows ... -> memref<?x64xf32, strided<[1, 1]>>, memref<?xi64>
    tile.ragged_matmul rows(%memory : ...) gather(%places : memref<?xi64>) ...
    // becomes
    %rows = memref.reinterpret_cast %memory to offset: [0], sizes: [%window, 64], strides: [64, 1] : ... to memref<?x64xf32>
    tile.ragged_matmul rows(%rows : memref<?x64xf32>) ...
    ```

    In and out: host functions on memrefs. Other readers keep memory and places.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numDense", "dense", "Products that read adjacent rows">];
}

def FormKernelsPass : Pass<"form-kernels", "::mlir::ModuleOp"> {
  let summary = "move heavy operations on memrefs into kernel functions";
  let description = [{
    Each structured `tile` op on memrefs in a host function becomes the body of a kernel function and an `rt.launch`
    in its place. A ragged product becomes two kernels, one that packs rows and one that multiplies panels, and a
    buffer for the packed rows. Equal kernels are one function.

    | op | units |
    |---|---|
    | `tile.ragged_matmul` | rows (packing); panels of the ranges that have rows (product) |
    | `tile.pack` | panels of every matrix |
    | `tile.select`, `tile.weighted_gather` | rows |
    | `tile.attention` | batch entries x key heads x blocks of 48 query rows |
    | `tile.bucket` | one: counts of one row depend on all before |
    | `linalg` ops, `memref.copy` | entries of the outermost parallel dimension, with the next one where that may be short; one for small or purely reducing ops |
    | groups of `linalg` ops | rows |

    Consecutive `linalg` ops that read and write the same row of what others of them write are one kernel, which does
    all of them for a row before the next. Units whose work is small are launched several as one, so that a step of
    decoding wakes no thread for a few elements; sizes alone decide.

    In: host functions on memrefs. Out: host functions without `tile` and `linalg` ops but `rt.launch`, and private
    functions with the attribute `rt.kernel`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::moec::rt::RTDialect", "::moec::tile::TileDialect"];
  // A decoder of 512 with 4 layers of 8 experts on 2 threads of an EPYC, best of 40 runs, median of 3 rounds: 4,096 to
  // 65,536 differ by no more than rounds do; 262,144 takes 6 %, 1,048,576 13 to 16 % longer for 16 and 128 tokens.
  // One token, and a layer alone, differ by no more than rounds do up to 262,144; on more threads nobody has looked.
  let options = [
    Option<"threadWork", "thread-work", "int64_t", "65536",
      "Operations on scalars that are worth waking a thread for, about 3 us: units with fewer are joined (0: none are)">,
    Option<"groupRows", "group-rows", "bool", "true", "Whether ops on the same rows are one kernel">];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernel functions made">,
    Statistic<"numLaunches", "launches", "Launches of kernels">];
}

def DeferDeviceChecksPass : Pass<"defer-device-checks", "::mlir::ModuleOp"> {
  let summary = "have kernels note what checks of data find, so that the host does not wait";
  let description = [{
    In host code of a device, an `rt.check` whose condition is computed from elements in memory, and from sizes, becomes a
    `linalg.generic` that writes the check's `rt.check_number` to `rt.failed_check` if it is the first to fail. The runtime
    looks there when the run is over. Checks stay where host code looks at the same elements for another reason, as where a
    size depends on them, and where something may write in between.

    What comes behind a check that failed still runs. So where the body of a `linalg` op loads at an index that follows
    from data, the index is limited to the last one; `tile.scatter` leaves out rows at places that are not there, on devices.
    Where there is nothing to load, because a dimension is of size 0, a check of the sizes ends the run.

    In: host functions on memrefs with structured ops, before `form-device-kernels`. Out: the same.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::moec::rt::RTDialect"];
  let statistics = [Statistic<"numDeferred", "deferred", "checks that kernels do">];
}

def FormDeviceKernelsPass : Pass<"form-device-kernels", "::mlir::ModuleOp"> {
  let summary = "move heavy operations on memrefs into kernels of a device";
  let description = [{
    What `form-kernels` does for the threads of a processor: each structured op on memrefs in a host function, or a group
    of `linalg` ops on the same rows, becomes a kernel of the `gpu.module @device` and an `rt.device_launch` in its
    place, whose grid is computed from shapes. Equal kernels are one function.

    A kernel holds its ops for one row; the attribute `tile.team` says which threads have that row in common.

    | ops | team | rows |
    |---|---|---|
    | `linalg` ops that combine no lanes | `alone`: as many threads as the row has vectors, up to 256; longer rows are cut | entries of all other parallel loops |
    | rows that are reduced, of up to 512 elements | `warp` | the same |
    | of more, or of unknown length | `block`: of 128 threads up to 4,096 elements, else 256 (32 for short ones whose length the host computes) | the same |
    | groups | as their reductions need | those of the group |
    | `tile.select` | `warp` or `block`, as for rows that are reduced | rows |
    | `tile.weighted_gather` | `alone` | rows |
    | `tile.bucket` | `block`: a thread per entry in whole warps, up to 1,024 | none: the op as it is, whose blocks are numbered by the offset that they make |
    | `tile.compact` | `block`, likewise; one in all | none |
    | `tile.scan` | `warp` for integers, `alone` for floats | chains; a thread each for floats |
    | `tile.sort` | `alone`: a thread per element | none |
    | `tile.scatter` | `block`, of a thread per column, up to 256 | none; blocks are numbered by the update that they begin with |

    A `tile.select` right before a group that works on its results row by row joins it if a warp does the rows of both.

    `tile.ragged_matmul` is a kernel as a whole, with `tile.product` in place of `tile.team`: blocks take tiles of it. If
    shapes that are known at run time only decide between two schedules, both are launched, one of them without blocks.
    `tile.pack` has a thread per element.

    `tile.attention` has no teams: its kernel's attribute `tile.query_rows` is the number of query rows of a block, and
    `tile.widths` on the op tells what a thread reads at once of query, key and value.

    `tile.width` on each op tells the elements that a thread takes at once: 4 where lanes are combined; else 16 bytes
    where every operand moves along aligned rows, or 1.

    Ops without a kernel for devices are one error that names them all, and nothing is formed.

    In: host functions on memrefs. Out: host functions without structured ops but `rt.device_launch`, and a `gpu.module`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect", "::moec::rt::RTDialect"];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_80\"", "Chip whose sizes decide on schedules; lib/CodeGen/GpuTarget.h has them">,
    Option<"groupRows", "group-rows", "bool", "true", "Whether ops on the same rows are one kernel">];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels made">,
    Statistic<"numLaunches", "launches", "Launches of kernels">];
}

def EmitDeviceRowsPass : Pass<"emit-device-rows", "::mlir::gpu::GPUModuleOp"> {
  let summary = "write out linalg ops, selection, sorts and weighted gathers as loops of a device's threads";
  let description = [{
    The lanes of a row are spread over the threads of its team, vector by vector, and each thread loops over its own;
    vectors of aligned rows are one access of up to 16 bytes, what is left of a row is taken element by element. Ops
    without lanes are done by the first thread of a team.

    A reduction along the lanes keeps 4 partial results per thread, in f32 for f16 and bf16, and combines them by one
    tree: partials 2 and 1 apart, threads of a warp 16, 8, 4, 2 and 1 apart by shuffles, sums of warps in order through
    shared memory, then the initial value. The order depends on the length of the row only (`lib/CodeGen/RowTeam.h`).

    `tile.select` takes k maxima of (entry, column), each over the whole row; in `tile.weighted_gather` each thread sums up
    the choices of its columns, in order. A block of `tile.bucket` counts smaller keys and places those that equal its own
    number; the last one places the entries that are left out (`lib/CodeGen/DeviceRanks.h`). `tile.compact` does so for the flags
    that are set. In `tile.sort` each thread counts what comes before its element. A block of `tile.scatter` makes all
    updates of its place, in order, unless an earlier update has that place. `tile.scan` of floats is one chain of
    additions in one thread, as documented; of integers, a warp scans 32 at a time.

    In: kernels with `tile.team`. Out: arith, math, memref, scf, vector, gpu and nvvm.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
    "::mlir::math::MathDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numSpread", "spread", "Ops whose lanes are spread over threads">,
    Statistic<"numSerial", "serial", "Ops that one thread does for its row">];
}

def EmitDeviceProductsPass : Pass<"emit-device-products", "::mlir::gpu::GPUModuleOp"> {
  let summary = "write out matrix products for a device";
  let description = [{
    A kernel with `tile.product` holds one `tile.ragged_matmul`; the attribute names the schedule, which says how large
    the tiles of a block are. Blocks take one tile after the other; which tiles there are, they find out from `ranges`.

    Rows, gathered on the way, and panels come into shared memory by asynchronous copies, several steps of K ahead.
    Operands of one 16-bit type are multiplied by `mma.sync` with sums in f32; all other types are widened to f32 and
    multiplied by fused multiply-adds, one chain per element with k ascending. The order of an element's sum depends on
    K and the types alone, not on the schedule, nor on other rows. Of a range's last tile, blocks of 16 rows that are not
    there are left out.

    The epilogue runs on the sums in registers, 4 columns at a time where rows are aligned.

    In: kernels with `tile.product`. Out: arith, gpu, llvm, math, memref, nvgpu, nvvm, scf, vector.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numProducts", "products", "Products that were written out">];
}

def EmitDeviceAttentionPass : Pass<"emit-device-attention", "::mlir::gpu::GPUModuleOp"> {
  let summary = "write out attention for the blocks of a device";
  let description = [{
    A block of 128 threads does 16 query rows of one key head; the rows of a key head are the queries of all heads that
    share it. Per step it stages 64 keys in shared memory, 64 columns at a time, multiplies them with the queries, takes
    the softmax of the scores in shared memory, 16 threads a row, then stages the values and adds them up, weighted, in
    registers. Keys that no row of the block sees are never read.

    Where queries, keys and values are all f16 or all bf16, matrix instructions (`mma.sync.m16n8k16`) multiply them, 16
    columns or 16 keys at a time into f32; exponentials are rounded to the type of the values for that, but not where they
    are added up. Otherwise sums have the order that `tile.attention` documents: f32, one chain of fused multiply-adds per
    score and per sum of values. Exponentials are in 16 partial sums in both. Types alone choose between the two, and
    blocks know nothing of each other, so that the bits of a row depend neither on the grid nor on other rows.

    Values wider than 256 columns repeat the scores per 256 columns (128 if the size is dynamic), with the same bits.

    In: kernels with `tile.query_rows` that hold a `tile.attention` with `tile.widths`. Out: arith, math, memref, scf,
    vector, gpu and nvvm.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numEmitted", "emitted", "Attention ops written out">];
}

def CloneIsaLevelsPass : Pass<"clone-isa-levels", "::mlir::ModuleOp"> {
  let summary = "make one copy of each kernel per instruction-set level";
  let description = [{
    A kernel function `@k` becomes `@k_v2`, `@k_avx2` and `@k_avx512` with the target features and vector width of
    their level, and an `rt.kernel @k` that lists them, which launches then refer to.
  }];
  let options = [
    ListOption<"levels", "levels", "std::string", "Levels to build: v2, avx2, avx512 (default: all)">];
  let dependentDialects = ["::moec::rt::RTDialect", "::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numClones", "clones", "Functions made">];
}

def EmitX86PanelsPass : Pass<"emit-x86-panels", "::mlir::ModuleOp"> {
  let summary = "write out packing, panel products and attention for the level of their function";
  let description = [{
    `tile.pack_rows`, `tile.pack_panels` and `tile.panel_product` become loops over ranges, blocks of rows, panels and
    blocks of k around calls of panel kernels: straight-line register tiles of m rows x 32 columns, k innermost,
    accumulators in registers, one chain of multiply-adds per element. The epilogue runs on vectors of 16 columns.
    `tile.attention_rows` becomes loops over units and blocks of 64 keys around the same panel kernels, with the
    softmax between them on vectors of 16 keys.

    In: kernel functions of one level each. Out: arith, memref, scf, vector and func.
  }];
  let options = [
    Option<"depth", "depth", "int64_t", "0",
      "The most summands of a block of k, even; 0 chooses them by the level's caches">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"numProducts", "products", "Panel products emitted">,
    Statistic<"numAttentions", "attentions", "Attentions emitted">];
}

def EmitRowKernelsPass : Pass<"emit-row-kernels", "::mlir::ModuleOp"> {
  let summary = "write out selection, bucketing and weighted gathers";
  let description = [{
    `tile.select`, `tile.bucket` and `tile.weighted_gather` on memrefs in kernel functions become loops; gathers run
    on vectors of 16 columns. Selection passes over a row once, with the best columns so far as a heap in place of the
    result; a vector of entries is compared with the worst of them.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def Bf16AsIntegersPass : Pass<"bf16-as-integers", "::mlir::ModuleOp"> {
  let summary = "store and move bf16 as 16-bit integers";
  let description = [{
    On processors without bf16 registers LLVM 22 promotes bf16 that is selected, extracted from vectors or accessed
    under a mask to f32 and rounds it back by a call of `__truncsfbf2` per lane. Nothing computes in bf16 here, so the
    bits may travel as i16: every bf16 type of a module becomes i16, constants keep their bits.

    In: the llvm dialect, with conversions of bf16 expanded (`arith-expand{include-bf16}` before `convert-to-llvm`);
    other bf16 arithmetic is an error. Out: no bf16 in functions and globals of the llvm dialect; other ops of the
    module, such as device modules, stay as they are.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def FuseRowsPass : Pass<"fuse-rows"> {
  let summary = "fuse elementwise linalg ops into their consumers";
  let description = [{
    Softmax is decomposed, named elementwise, broadcasting and transposing ops become `linalg.generic`, and elementwise
    producers are fused into elementwise and reducing consumers by upstream's patterns. A producer is fused

    - that has one consumer and the consumer's iterations, or is the same along the consumer's rows;
    - that is cheap (casts and a few additions or products), even where that repeats it.

    Exponentials, divisions and the like are never repeated per element. Contractions and fills stay named.

    In and out: linalg on tensors.
  }];
  let options = [Option<"fuse", "fuse", "bool", "true", "Whether ops are fused, and write over operands">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect", "::mlir::affine::AffineDialect"];
  let statistics = [
    Statistic<"numDecomposed", "decomposed", "Aggregates such as softmax decomposed">,
    Statistic<"numFused", "fused", "Ops that were fused into their consumers">,
    Statistic<"numOverwritten", "overwritten", "Ops that write over an operand">];
}

def FuseEpiloguesPass : Pass<"fuse-epilogues"> {
  let summary = "fuse elementwise linalg ops into the epilogues of products";
  let description = [{
    An elementwise op that alone reads the result of a `tile.ragged_matmul` without ranges, perhaps through an expansion
    of its rows, moves into the epilogue: bias, activation, residual sum, rounding. Its other operands are constants or
    become arguments per row, column or element. The values are those that would have been stored and loaded, so no
    bit changes.

    In and out: linalg and tile on tensors.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::moec::tile::TileDialect"];
  let statistics = [
    Statistic<"numFused", "fused", "Ops that moved into an epilogue">];
}

def EmitLinalgRowsPass : Pass<"emit-linalg-rows", "::mlir::ModuleOp"> {
  let summary = "write out linalg ops in kernels as vectorised loops";
  let description = [{
    Structured linalg ops on memrefs in kernel functions become loops; the innermost one runs on vectors of 16 elements
    at every level, so that levels agree in every bit. Along it, contiguous operands are vector loads, constant ones are
    loaded once, others are loaded per lane. The rest of a row is one masked step, or scalars where lanes are loaded one
    by one.

    A reduction along the innermost dimension keeps 16 partial results, element i in partial i mod 16; they are combined
    8 apart, then 4, 2 and 1, and the initial value comes first: `init + ((p0 + p8) + (p4 + p12)) + ..`. The order of a
    row's sum thus depends on its length only. Partial results of f16 and bf16 are f32, rounded once at the end of a row.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numVectorised", "vectorised", "Ops emitted on vectors">,
    Statistic<"numScalar", "scalar", "Ops emitted on scalars">];
}

def ExpandMathPass : Pass<"expand-math", "::mlir::ModuleOp"> {
  let summary = "replace math functions and narrow float conversions by arithmetic";
  let description = [{
    No call of libm or of the compiler's runtime library is left in kernels. Functions of f16, bf16 and f32 become
    polynomials in f32, on scalars and vectors alike; bf16 conversions become integer arithmetic. In functions of a
    level without FMA (attribute `tile.isa`; a function without it counts as v2) fused multiply-adds become a product
    and a sum, and f16 conversions integer arithmetic.

    | function | largest error found in f32, in ulp |
    |---|---|
    | exp, exp2, log, log2 | 1.1 |
    | tanh, erf, sin, cos (to 10^4), sinh, cosh, rsqrt, atanh | 1.6 |
    | log10, acosh | 2.1 |
    | atan, expm1, log1p | 2.8 |
    | asinh, tan (to 10^4) | 3.8 |
    | asin | 6.6 |
    | powf | grows with the result's logarithm: 32 for small powers of numbers up to 4 |

    Kernels of a `gpu.module` get the same formulas, so that every device computes the same bits; their conversions of
    f16 and bf16 stay, which are instructions there.

    What this pass has no formula for gets upstream's. Functions of f64, and the remainder of floats, are left as they
    are.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"];
}

#endif // MOEC_LIB_CODEGEN_PASSES
