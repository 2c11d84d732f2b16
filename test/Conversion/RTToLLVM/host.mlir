// RUN: moe-opt %s --convert-rt-to-llvm --split-input-file | FileCheck %s

// Memory of host functions comes from the runtime, and calls pass the context on.
// CHECK-LABEL: llvm.func internal @helper(%{{[a-z0-9]*}}: !llvm.ptr, %{{[a-z0-9]*}}: i64) -> !llvm.struct
// CHECK: llvm.getelementptr inbounds %{{.*}}[8]
// CHECK: llvm.call %{{.*}}(%{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64) -> !llvm.ptr
func.func private @helper(%n: index) -> memref<?xf32> {
  %m = memref.alloc(%n) {alignment = 64 : i64} : memref<?xf32>
  return %m : memref<?xf32>
}
// CHECK-LABEL: llvm.func internal @main(%{{[a-z0-9]*}}: !llvm.ptr)
// CHECK: llvm.call @helper(%{{.*}}, %{{.*}}) : (!llvm.ptr, i64)
// CHECK: llvm.getelementptr inbounds %{{.*}}[16]
// CHECK: llvm.call %{{.*}}(%{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-NOT: @malloc
func.func @main() attributes {rt.entry} {
  %n = arith.constant 12 : index
  %m = call @helper(%n) : (index) -> memref<?xf32>
  memref.dealloc %m : memref<?xf32>
  return
}

// -----

// A check ends the run with a code and a message.
// CHECK-LABEL: llvm.func internal @main(
// CHECK: llvm.cond_br %{{.*}} weights([1048576, 1]), ^{{.*}}, ^[[FAIL:.*]]
// CHECK: ^[[FAIL]]:
// CHECK: llvm.mlir.constant(8 : i32)
// CHECK: llvm.mlir.addressof @[[MESSAGE:.*]] :
// CHECK: llvm.getelementptr inbounds %{{.*}}[48]
// CHECK: llvm.unreachable
// CHECK: llvm.mlir.global internal constant @[[MESSAGE:moert.message.0]]("too many rows\00")
func.func @main(%x: memref<?xf32>) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %ok = arith.cmpi ult, %n, %c9 : index
  scf.for %i = %c0 to %n step %c9 {
    rt.check %ok, resource_exhausted, "too many rows"
  }
  return
}

// -----

// State: base, length, capacity; the flat size rounds the capacity up to whole granules.
// CHECK-LABEL: llvm.func internal @main(
// CHECK: llvm.getelementptr inbounds %{{.*}}[64]
// CHECK: llvm.getelementptr inbounds %{{.*}}[56]
// CHECK: llvm.udiv
// CHECK: llvm.mlir.global internal constant @{{.*}}("keys\00")
rt.state @keys : tensor<?x8x?x64xf32> {axis = 2, capacity = 4096, granule = 16, dimNames = ["batch", "", "past", ""]}
func.func private @touch(%begin: index, %end: index, %m: memref<?xf32>, %length: index, %capacity: index) attributes {rt.kernel} {
  return
}
func.func @main(%x: memref<?x3xf32>) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %n = memref.dim %x, %c0 : memref<?x3xf32>
  %keys = rt.state_handle @keys : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  rt.append_state %keys, %c3 : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  %base, %length, %capacity = rt.get_state %keys(%n) : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16> -> memref<?xf32>
  rt.launch @touch units(%n) (%base, %length, %capacity) : memref<?xf32>, index, index
  return
}

// -----

// A kernel without clones serves every level; opaque types are addresses.
// CHECK-LABEL: llvm.func internal @k(%{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK-COUNT-3: llvm.mlir.addressof @k.entry
rt.weight @p : !async.value<f32> = #rt.pack<#rt.file<"w", 0, tensor<8x64x32xbf16>>, 2>
func.func private @k(%begin: index, %end: index, %w: !async.value<f32>) attributes {rt.kernel} {
  return
}
func.func @main() attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %w = rt.get_weight @p : !async.value<f32>
  rt.launch @k units(%c0) (%w) : !async.value<f32>
  return
}
