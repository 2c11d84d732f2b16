// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(convert-device-to-nvvm,canonicalize))" | FileCheck %s

// A memref of one element is a pointer; instructions of the device stay what they are.

// CHECK-LABEL: gpu.module @device
gpu.module @device {
  // CHECK: llvm.mlir.global internal @[[SLOTS:.*]]() {addr_space = 3 : i32
  // CHECK: llvm.func @root(%[[BASE:.*]]: !llvm.ptr, %[[COUNT:.*]]: i64)
  // CHECK-SAME: nvvm.kernel
  // CHECK-SAME: nvvm.maxntid = array<i32: 128, 1, 1>
  // CHECK: llvm.mlir.addressof @[[SLOTS]]
  // CHECK: nvvm.read.ptx.sreg.tid.x range <i32, 0, 128>
  // CHECK: %[[X:.*]] = llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
  // CHECK: llvm.intr.sqrt(%[[X]])
  // CHECK: llvm.intr.fma
  // CHECK: llvm.store %{{.*}} {alignment = 16 : i64}
  // CHECK: nvvm.barrier
  // CHECK-NOT: __nv
  gpu.func @root(%base: memref<f32>, %n: index)
      workgroup(%slots: memref<8xf32, #gpu.address_space<workgroup>>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %t = gpu.thread_id x
    %x = memref.reinterpret_cast %base to offset: [0], sizes: [%n, 64], strides: [64, 1] : memref<f32> to memref<?x64xf32>
    %v = vector.load %x[%t, %c0] {alignment = 16 : i64} : memref<?x64xf32>, vector<4xf32>
    %r = math.sqrt %v : vector<4xf32>
    %f = math.fma %r, %r, %v : vector<4xf32>
    vector.store %f, %x[%t, %c0] {alignment = 16 : i64} : memref<?x64xf32>, vector<4xf32>
    %s = vector.extract %f[0] : f32 from vector<4xf32>
    memref.store %s, %slots[%c0] : memref<8xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    gpu.return
  }
}
