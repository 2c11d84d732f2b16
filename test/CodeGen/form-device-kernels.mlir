// RUN: moe-opt %s --form-device-kernels --canonicalize --cse --split-input-file | FileCheck %s

#rows = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
#column = affine_map<(r, c) -> (c)>

// A launch per op: rows of 64 f32 are 16 vectors of 16 bytes, 16 rows a block. Sizes that memrefs
// share are passed once.

// CHECK-LABEL: func.func @scale
// CHECK-SAME: (%[[X:.*]]: memref<?x64xf32>, %[[S:.*]]: memref<64xf32>)
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK: %[[ROWS:.*]] = memref.dim %[[X]], %[[C0]]
// CHECK: %[[BLOCKS:.*]] = arith.ceildivui %[[ROWS]], %[[C16]]
// CHECK: rt.device_launch @device::@map_rows grid(%[[BLOCKS]], %[[C1]]) block(%[[C16]], %[[C16]]) shared(%[[C0]])
// CHECK-SAME: (%{{.*}}, %{{.*}}, %[[ROWS]]) : memref<f32>, memref<f32>, index
// CHECK: gpu.module @device
// CHECK: gpu.func @map_rows(%{{.*}}: memref<f32>, %[[BASE:.*]]: memref<f32>, %[[COUNT:.*]]: index) kernel
// CHECK-SAME: known_block_size = array<i32: 16, 16, 1>, tile.team = "alone"
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[COUNT]], 64], strides: [64, 1]
// CHECK: %[[IS_ROW:.*]] = arith.cmpi ult, %[[ROW:.*]], %[[COUNT]]
// CHECK: scf.if %[[IS_ROW]]
// CHECK: memref.subview %{{.*}}[%[[ROW]], 0] [1, 64]
// CHECK: linalg.generic {{.*}}{tile.width = 4 : i64}
func.func @scale(%x: memref<?x64xf32>, %s: memref<64xf32>) {
  linalg.generic {indexing_maps = [#column, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%s : memref<64xf32>) outs(%x : memref<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.mulf %a, %o : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// What the rows' layouts do not promise is no vector: 63 elements, a stride that is not known.

// CHECK-LABEL: func.func @unaligned
// CHECK: gpu.func @map_rows(
// CHECK: tile.width = 1
// CHECK: gpu.func @map_rows_0(
// CHECK: tile.width = 1
func.func @unaligned(%x: memref<?x63xf32>, %y: memref<?x64xf32, strided<[?, 1]>>) {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
      outs(%x : memref<?x63xf32>) {
  ^bb0(%o: f32):
    %r = math.absf %o : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>], iterator_types = ["parallel", "parallel"]}
      outs(%y : memref<?x64xf32, strided<[?, 1]>>) {
  ^bb0(%o: f32):
    %r = math.absf %o : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Sums of rows of 512: a warp each, eight a block. Of 513 and more a block, of unknown length one
// whose size the host computes.

// CHECK-LABEL: func.func @sums
// CHECK: rt.device_launch @device::@reduce_rows grid(%{{.*}}, %{{.*}}) block(%c32, %c8)
// CHECK: rt.device_launch @device::@reduce_rows_0 grid(%{{.*}}, %{{.*}}) block(%c128, %c1)
// CHECK: %[[MANY:.*]] = arith.select %{{.*}}, %c128, %c256
// CHECK: %[[THREADS:.*]] = arith.select %{{.*}}, %c32, %[[MANY]]
// CHECK: rt.device_launch @device::@reduce_rows_1 grid(%{{.*}}, %{{.*}}) block(%[[THREADS]], %c1)
// CHECK: gpu.func @reduce_rows({{.*}} tile.team = "warp"
// CHECK: gpu.func @reduce_rows_0({{.*}} tile.team = "block"
// CHECK: gpu.func @reduce_rows_1({{.*}} attributes {nvvm.maxntid = array<i32: 256, 1, 1>, tile.team = "block"
func.func @sums(%x: memref<?x512xf32>, %y: memref<?x513xf32>, %z: memref<?x?xf32>, %s: memref<?xf32>,
                %t: memref<?xf32>, %u: memref<?xf32>) {
  linalg.reduce ins(%x : memref<?x512xf32>) outs(%s : memref<?xf32>) dimensions = [1]
    (%a: f32, %o: f32) {
      %r = arith.addf %o, %a : f32
      linalg.yield %r : f32
    }
  linalg.reduce ins(%y : memref<?x513xf32>) outs(%t : memref<?xf32>) dimensions = [1]
    (%a: f32, %o: f32) {
      %r = arith.addf %o, %a : f32
      linalg.yield %r : f32
    }
  linalg.reduce ins(%z : memref<?x?xf32>) outs(%u : memref<?xf32>) dimensions = [1]
    (%a: f32, %o: f32) {
      %r = arith.addf %o, %a : f32
      linalg.yield %r : f32
    }
  return
}

// -----

// Ops on the same rows are one kernel; what one writes the next reads behind a barrier.

// CHECK-LABEL: func.func @group
// CHECK-COUNT-1: rt.device_launch @device::@row_group
// CHECK-NOT: rt.device_launch
// CHECK: gpu.func @row_group({{.*}} tile.team = "warp"
// CHECK: linalg.fill
// CHECK: nvvm.bar.warp.sync
// CHECK: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: nvvm.bar.warp.sync
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]
func.func @group(%x: memref<4x64xf32>) -> memref<4x64xf32> {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<4xf32>
  %y = memref.alloc() : memref<4x64xf32>
  linalg.fill ins(%zero : f32) outs(%s : memref<4xf32>)
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x64xf32>) outs(%s : memref<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r, c)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<4x64xf32>, memref<4xf32>) outs(%y : memref<4x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  }
  return %y : memref<4x64xf32>
}

// -----

// Selection: a warp per row. A gather: a thread per 16 bytes of a row.

// CHECK-LABEL: func.func @tiles
// CHECK: rt.device_launch @device::@select grid(%{{.*}}, %c1) block(%c32, %c8)
// CHECK: rt.device_launch @device::@weighted_gather grid(%{{.*}}, %c1) block(%c8, %c32)
// CHECK: gpu.func @select({{.*}} tile.team = "warp"
// CHECK: tile.select keys(%{{.*}} : memref<1x8xf32, strided<[8, 1], offset: ?>>)
// CHECK: gpu.func @weighted_gather({{.*}} tile.team = "alone"
// CHECK: tile.weighted_gather rows(%{{.*}} : memref<?x64xbf16>) places(%{{.*}} : memref<1x2xi32, {{.*}} {tile.width = 8 : i64}
func.func @tiles(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>, %x: memref<?x64xbf16>, %y: memref<?x64xbf16>) {
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  tile.weighted_gather rows(%x : memref<?x64xbf16>) places(%i : memref<?x2xi32>) weights(%v : memref<?x2xf32>)
      outs(%y : memref<?x64xbf16>)
  return
}

// -----

// A counting sort: a block per offset, with a thread per entry up to 1,024.

// CHECK-LABEL: func.func @buckets
// CHECK: %[[ROWS:.*]] = memref.dim
// CHECK: %[[ENTRIES:.*]] = arith.muli %[[ROWS]], %c2
// CHECK: %[[WARPS:.*]] = arith.ceildivui %[[ENTRIES]], %c32
// CHECK: %[[SOME:.*]] = arith.maxui %[[WARPS]], %c1
// CHECK: %[[FEW:.*]] = arith.minui %[[SOME]], %c32
// CHECK: %[[THREADS:.*]] = arith.muli %[[FEW]], %c32
// CHECK: rt.device_launch @device::@bucket grid(%c9, %c1) block(%[[THREADS]], %c1)
// CHECK: gpu.func @bucket({{.*}} attributes {nvvm.maxntid = array<i32: 1024, 1, 1>, tile.team = "block"
// CHECK: tile.bucket keys(%{{.*}} : memref<?x2xi32>)
func.func @buckets(%k: memref<?x2xi32>, %a: memref<9xi32>, %b: memref<?xi32>, %c: memref<?x2xi32>) {
  tile.bucket keys(%k : memref<?x2xi32>) outs(%a, %b, %c : memref<9xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

// Integers are scanned by a warp per row, floats by a thread per chain; elements are sorted by a
// thread each; a block begins with an update.

// CHECK-LABEL: func.func @orders
// CHECK: rt.device_launch @device::@scan grid(%{{.*}}, %c1) block(%c32, %c8)
// CHECK: rt.device_launch @device::@scan_0 grid(%c1, %{{.*}}) block(%c64, %c4)
// CHECK: rt.device_launch @device::@sort
// CHECK: %[[UPDATES:.*]] = memref.dim %{{.*}} : memref<?xi64>
// CHECK: rt.device_launch @device::@scatter grid(%[[UPDATES]], %c1) block(%c32, %c1)
// CHECK: rt.device_launch @device::@compact grid(%c1, %c1)
// CHECK: gpu.func @scan({{.*}} tile.team = "warp"
// CHECK: tile.scan rows(%{{.*}} : memref<1x64xi64, strided<[64, 1], offset: ?>>)
// CHECK: gpu.func @scan_0({{.*}} tile.team = "alone"
// CHECK: tile.scan rows(%{{.*}} : memref<?x64xf32>)
// CHECK: gpu.func @sort({{.*}} tile.team = "alone"
// CHECK: gpu.func @scatter({{.*}} tile.team = "block"
// CHECK: gpu.func @compact({{.*}} tile.team = "block"
func.func @orders(%x: memref<?x64xi64>, %y: memref<?x64xi64>, %z: memref<?x64xf32>, %w: memref<?x64xf32>,
                  %p: memref<?xi64>, %f: memref<?xi8>) {
  tile.scan rows(%x : memref<?x64xi64>) outs(%y : memref<?x64xi64>) {axis = 1 : i64}
  tile.scan rows(%z : memref<?x64xf32>) outs(%w : memref<?x64xf32>) {axis = 0 : i64}
  tile.sort keys(%z : memref<?x64xf32>) outs(%y : memref<?x64xi64>) {axis = 1 : i64}
  tile.scatter updates(%z : memref<?x64xf32>) places(%p : memref<?xi64>) outs(%w : memref<?x64xf32>) {combine = #tile.combine<add>}
  tile.compact flags(%f : memref<?xi8>) outs(%p : memref<?xi64>)
  return
}

// -----

// A selection joins the group that works on its results in the same rows, with what they are kept for.

#at = affine_map<(r, c) -> (r, c)>
#one = affine_map<(r, c) -> (r)>

// CHECK-LABEL: func.func @route
// CHECK: rt.device_launch @device::@select_group grid(%{{.*}}, %c1) block(%c32, %c8)
// CHECK-NOT: rt.device_launch
// CHECK: gpu.func @select_group({{.*}} tile.team = "warp"
// CHECK: tile.select
// CHECK-NEXT: nvvm.bar.warp.sync
// CHECK: linalg.generic
// CHECK: nvvm.bar.warp.sync
// CHECK: linalg.generic
func.func @route(%z: memref<?x8xf32>, %n: index) {
  %i = memref.alloc(%n) : memref<?x2xi32>
  %v = memref.alloc(%n) : memref<?x2xf32>
  %m = memref.alloc(%n) : memref<?xf32>
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  linalg.generic {indexing_maps = [#at, #one], iterator_types = ["parallel", "reduction"]}
      ins(%v : memref<?x2xf32>) outs(%m : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maxnumf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#at, #one, #at], iterator_types = ["parallel", "parallel"]}
      ins(%v, %m : memref<?x2xf32>, memref<?xf32>) outs(%v : memref<?x2xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %r = arith.subf %a, %s : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// A group before a selection takes it, too, and the block that ends last sorts what was selected, so that there is a
// block where there are no rows.

#at = affine_map<(r, c) -> (r, c)>

// CHECK-LABEL: func.func @sorted
// CHECK: %[[COUNTER:.*]] = rt.device_counter : memref<i32>
// CHECK: %[[BLOCKS:.*]] = arith.maxui %{{.*}}, %c1
// CHECK: rt.device_launch @device::@route grid(%[[BLOCKS]], %c1) block(%c32, %c16)
// CHECK-NOT: rt.device_launch
// CHECK: gpu.func @route({{.*}}known_block_size = array<i32: 32, 16, 1>, tile.team = "warp"
// CHECK: scf.if
// CHECK: linalg.generic
// CHECK: tile.select
// CHECK: gpu.barrier
// CHECK: memref.atomic_rmw addi
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK: tile.bucket {{.*}} {tile.whole}
func.func @sorted(%z: memref<?x8xf32>, %n: index, %e: index) {
  %s = memref.alloc(%n) : memref<?x8xf32>
  %i = memref.alloc(%n) : memref<?x2xi32>
  %v = memref.alloc(%n) : memref<?x2xf32>
  %a = memref.alloc() : memref<9xi32>
  %b = memref.alloc(%e) : memref<?xi32>
  %c = memref.alloc(%n) : memref<?x2xi32>
  linalg.generic {indexing_maps = [#at, #at], iterator_types = ["parallel", "parallel"]}
      ins(%z : memref<?x8xf32>) outs(%s : memref<?x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.negf %x : f32
    linalg.yield %r : f32
  }
  tile.select keys(%s : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  tile.bucket keys(%i : memref<?x2xi32>) outs(%a, %b, %c : memref<9xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

// Not if the group reads other rows of it, or if something comes between them.

#at = affine_map<(r, c) -> (r, c)>
#across = affine_map<(r, c) -> (c, r)>
#one = affine_map<(r, c) -> (r)>

// CHECK-LABEL: func.func @apart
// CHECK: rt.device_launch @device::@select grid
// CHECK: rt.device_launch @device::@row_group grid
func.func @apart(%z: memref<?x8xf32>, %n: index) {
  %i = memref.alloc(%n) : memref<?x2xi32>
  %v = memref.alloc(%n) : memref<?x2xf32>
  %m = memref.alloc() : memref<2xf32>
  %w = memref.alloc(%n) : memref<2x?xf32>
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  linalg.generic {indexing_maps = [#across, #at], iterator_types = ["parallel", "parallel"]}
      ins(%v : memref<?x2xf32>) outs(%w : memref<2x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %a, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#at, #one], iterator_types = ["parallel", "reduction"]}
      ins(%w : memref<2x?xf32>) outs(%m : memref<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maxnumf %o, %a : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Attention: a block per 16 rows of a key head, where 4 heads share each. The cache's capacity is
// known, so that its rows are read 16 bytes at a time; of 36 columns of bf16, 8 bytes.

// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[Q:.*]]: memref<?x8x?x36xbf16>
// CHECK-DAG: %[[C128:.*]] = arith.constant 128 : index
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[QUERIES:.*]] = memref.dim %[[Q]], %[[C2]]
// CHECK: %[[ROWS:.*]] = arith.muli %[[QUERIES]], %[[C4]]
// CHECK: %[[TILES:.*]] = arith.ceildivui %[[ROWS]], %[[C16]]
// CHECK: %[[BATCH:.*]] = memref.dim %[[Q]]
// CHECK: %[[HEADS:.*]] = arith.muli %[[BATCH]], %[[C2]]
// CHECK: %[[BLOCKS:.*]] = arith.muli %[[HEADS]], %[[TILES]]
// CHECK: rt.device_launch @device::@attention grid(%[[BLOCKS]], %{{.*}}) block(%[[C128]],
// CHECK: gpu.func @attention(
// CHECK-NOT: tile.team
// CHECK-SAME: tile.query_rows = 16 : i64
// CHECK: tile.attention query({{.*}}tile.widths = array<i64: 4, 4, 4>
func.func @attention(%q: memref<?x8x?x36xbf16>, %k: memref<1x2x512x36xbf16>, %v: memref<1x2x512x64xf32>, %length: index,
                     %o: memref<?x8x?x64xbf16>) {
  %ks = memref.subview %k[0, 0, 0, 0] [1, 2, %length, 36] [1, 1, 1, 1] : memref<1x2x512x36xbf16>
      to memref<1x2x?x36xbf16, strided<[36864, 18432, 36, 1]>>
  %vs = memref.subview %v[0, 0, 0, 0] [1, 2, %length, 64] [1, 1, 1, 1] : memref<1x2x512x64xf32>
      to memref<1x2x?x64xf32, strided<[65536, 32768, 64, 1]>>
  tile.attention query(%q : memref<?x8x?x36xbf16>) key(%ks : memref<1x2x?x36xbf16, strided<[36864, 18432, 36, 1]>>)
      value(%vs : memref<1x2x?x64xf32, strided<[65536, 32768, 64, 1]>>) outs(%o : memref<?x8x?x64xbf16>)
      {right_window = 0, scale = 1.0 : f32}
  return
}
