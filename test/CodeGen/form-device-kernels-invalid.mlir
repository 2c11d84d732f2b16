// RUN: moe-opt %s --form-device-kernels --split-input-file --verify-diagnostics

// What has no kernel is reported, at its first place.

func.func @both(%w: !tile.packed<8x96x64xf32>) {
  // expected-error @+1 {{'tile.panels' op has no kernel for GPUs in this version, here and in 1 more places; --target=cpu compiles it}}
  %a = tile.panels %w : !tile.packed<8x96x64xf32> -> memref<49152xf32>
  %b = tile.panels %w : !tile.packed<8x96x64xf32> -> memref<49152xf32>
  return
}

// -----

func.func @tensors(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  // expected-error @+1 {{is still on tensors; bufferize before kernels are formed}}
  %0 = linalg.fill ins(%zero : f32) outs(%x : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
