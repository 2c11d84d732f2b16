// RUN: moe-opt %s --convert-rt-to-llvm --split-input-file --verify-diagnostics | FileCheck %s

// Launches of what is called count each time it is called, those of a loop once, and of alternatives the larger number.
// A number that a size depends on is read, a size as a tensor is written. The table has operators, reads, writes and
// launches of an entry, then come the checks.

// CHECK: llvm.mlir.global internal constant @{{.*}} : !llvm.array<1 x struct<(i32, i32, i32, i32)>>
// CHECK: llvm.mlir.constant(0 : i32)
// CHECK: llvm.mlir.constant(1 : i32)
// CHECK: llvm.mlir.constant(1 : i32)
// CHECK: llvm.mlir.constant(5 : i32)
// CHECK: llvm.mlir.global internal constant @{{.*}}("node: wrong\00")
// CHECK: llvm.mlir.global internal constant @{{.*}} : !llvm.array<1 x struct<(ptr, i32, i32)>>
// CHECK: llvm.mlir.constant(1 : i32)
func.func private @layer(%x: memref<?xf32>, %n: index, %flag: i1) {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %base, %offset, %sizes, %strides = memref.extract_strided_metadata %x : memref<?xf32> -> memref<f32>, index, index, index
  scf.if %flag {
    rt.device_launch @device::@scale grid(%n, %c1) block(%c1, %c1) shared(%c0) (%base) : memref<f32>
    rt.device_launch @device::@scale grid(%n, %c1) block(%c1, %c1) shared(%c0) (%base) : memref<f32>
  } else {
    rt.device_launch @device::@scale grid(%n, %c1) block(%c1, %c1) shared(%c0) (%base) : memref<f32>
  }
  return
}
func.func @main(%x: memref<?xf32>, %n: memref<i64>) attributes {rt.entry, rt.outputs = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %read = memref.load %n[] : memref<i64>
  %count = arith.index_cast %read : i64 to index
  %size = memref.alloc() : memref<i64>
  memref.store %read, %size[] : memref<i64>
  memref.dealloc %size : memref<i64>
  %failed = rt.failed_check : memref<i32>
  %number = rt.check_number invalid_argument, "node: wrong" : i32
  scf.for %i = %c0 to %count step %c1 {
    rt.device_launch @device::@note grid(%c1, %c1) block(%c1, %c1) shared(%c0) (%failed, %number) : memref<i32>, i32
  }
  call @layer(%x, %count, %true) : (memref<?xf32>, index, i1) -> ()
  call @layer(%x, %count, %true) : (memref<?xf32>, index, i1) -> ()
  return
}
gpu.module @device attributes {rt.chip = "sm_80", rt.ptx = "// code"} {
  llvm.func @scale(%x: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
  llvm.func @note(%x: !llvm.ptr, %n: i32) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// What computes with tensors is no shape arithmetic.
func.func @main(%x: memref<?xi64>, %y: memref<?xi64>) attributes {rt.entry, rt.outputs = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xi64>
  // expected-warning @+1 {{runs on the host, element by element, and waits for the device each time}}
  scf.for %i = %c0 to %n step %c1 {
    %e = memref.load %x[%i] : memref<?xi64>
    memref.store %e, %y[%i] : memref<?xi64>
  }
  return
}
gpu.module @device attributes {rt.chip = "sm_80", rt.ptx = "// code"} {
}

// -----

// Nothing would copy the data.
func.func @main(%x: memref<?xf32>, %y: memref<?xf32>) attributes {rt.entry, rt.outputs = []} {
  // expected-error @+1 {{runs on the host, which has no access to the memory of a device; it needs a kernel of the device}}
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  return
}
gpu.module @device attributes {rt.chip = "sm_80", rt.ptx = "// code"} {
}
