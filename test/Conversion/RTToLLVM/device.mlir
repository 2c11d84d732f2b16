// RUN: moe-opt %s --convert-rt-to-llvm --split-input-file --verify-diagnostics | FileCheck %s

// A launch passes addresses and sizes in a record. Elements that host code looks at are copied, constants are the
// device's. The code and the sizes of parameters are in the artifact's table.

// CHECK-LABEL: llvm.func internal @main(
// CHECK-SAME: %[[CONTEXT:[a-z0-9]+]]: !llvm.ptr
// CHECK: llvm.store %{{.*}}, %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK: llvm.store %{{.*}}, %{{.*}} : i64, !llvm.ptr
// CHECK: llvm.store %{{.*}}, %{{.*}} : f32, !llvm.ptr
// Slot launch, at byte 72: the kernel's number, the queue, grid, block, shared bytes, record, its 20 bytes.
// CHECK: %[[LAUNCH:.*]] = llvm.getelementptr inbounds %{{.*}}[72]
// CHECK: %[[FUNCTION:.*]] = llvm.load %[[LAUNCH]]
// CHECK: llvm.call %[[FUNCTION]](%[[CONTEXT]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, i32, !llvm.ptr, !llvm.ptr, i32, !llvm.ptr, i64) -> ()
// Slots device_constant, device_read, device_write and device_counter.
// CHECK: llvm.getelementptr inbounds %{{.*}}[128]
// CHECK: llvm.getelementptr inbounds %{{.*}}[136]
// CHECK: llvm.getelementptr inbounds %{{.*}}[144]
// CHECK: llvm.getelementptr inbounds %{{.*}}[152]
// CHECK-NOT: gpu.module
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}("scale\00")
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}("\08\08\04\00")
// CHECK-DAG: llvm.mlir.global internal constant @{{.*}}("// code\00")
// CHECK: llvm.mlir.global external constant @moert_artifact_v1
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @main(%x: memref<?xf32>, %n: memref<1xi64>) attributes {rt.entry, rt.outputs = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %two = arith.constant 2.0 : f32
  %size = memref.dim %x, %c0 : memref<?xf32>
  %base, %offset, %sizes, %strides = memref.extract_strided_metadata %x : memref<?xf32> -> memref<f32>, index, index, index
  rt.device_launch @device::@scale grid(%size, %c1) block(%c32, %c1) shared(%c0) (%base, %size, %two) : memref<f32>, index, f32
  %table = memref.get_global @table : memref<4xf32>
  %first = memref.load %table[%c0] : memref<4xf32>
  // expected-warning @+1 {{runs on the host, element by element, and waits for the device each time}}
  memref.store %first, %x[%c0] : memref<?xf32>
  %count = rt.device_counter : memref<i32>
  %none = arith.constant 0 : i32
  memref.store %none, %count[] : memref<i32>
  return
}
gpu.module @device attributes {rt.chip = "sm_80", rt.ptx = "// code"} {
  llvm.func @scale(%x: !llvm.ptr, %n: i64, %f: f32) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

func.func @main() attributes {rt.entry, rt.outputs = []} {
  return
}
// expected-error @+1 {{has no machine code: 'rt.chip' and 'rt.ptx' hold it}}
gpu.module @device {
}
