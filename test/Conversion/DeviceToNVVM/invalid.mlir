// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(convert-device-to-nvvm))" --split-input-file --verify-diagnostics

gpu.module @device {
  gpu.func @functions(%x: f64, %y: f32, %m: memref<f32>) kernel {
    // expected-error @+1 {{'math.exp' op has no code for GPUs in this version; --target=cpu compiles it}}
    %0 = math.exp %x : f64
    // expected-error @+1 {{'arith.remf' op has no code for GPUs in this version}}
    %1 = arith.remf %y, %y : f32
    gpu.return
  }
}

// -----

gpu.module @device {
  gpu.func @memory(%n: index) kernel {
    // expected-error @+1 {{'memref.alloc' op has no code for GPUs in this version}}
    %0 = memref.alloc(%n) : memref<?xf32>
    gpu.return
  }
}
