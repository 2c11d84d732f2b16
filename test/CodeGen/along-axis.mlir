// RUN: moe-opt %s --form-kernels | FileCheck %s
// RUN: moe-opt %s --form-kernels --clone-isa-levels=levels=v2 --emit-row-kernels | FileCheck %s --check-prefix=LOOPS

// Units are rows, or columns where rows are what is sorted.

// CHECK-LABEL: @main
// CHECK: %[[ROWS:.*]] = memref.dim %arg0, %c0
// CHECK: rt.launch @scan units(%[[ROWS]])
// CHECK: %[[COLUMNS:.*]] = memref.dim %arg1, %c1
// CHECK: rt.launch @sort units(%[[COLUMNS]])
// LOOPS-NOT: tile.s
// LOOPS: scf.while
func.func @main(%x: memref<?x8xf16>, %z: memref<?x8xf32>, %y: memref<?x8xf16>, %p: memref<?x8xi64>) {
  tile.scan rows(%x : memref<?x8xf16>) outs(%y : memref<?x8xf16>) {axis = 1 : i64}
  tile.sort keys(%z : memref<?x8xf32>) outs(%p : memref<?x8xi64>) {axis = 0 : i64}
  return
}
