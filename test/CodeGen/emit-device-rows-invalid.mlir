// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(emit-device-rows))" --split-input-file --verify-diagnostics

gpu.module @device {
  // expected-error @+1 {{has structured ops, and needs the attribute 'tile.team': alone, warp or block}}
  gpu.func @teamless(%x: memref<64xf32>, %zero: f32) kernel {
    linalg.fill ins(%zero : f32) outs(%x : memref<64xf32>)
    gpu.return
  }
}

// -----

gpu.module @device {
  gpu.func @alone(%x: memref<64xf32>, %y: memref<f32>) kernel attributes {tile.team = "alone"} {
    // expected-error @+1 {{combines lanes, but the threads of its kernel never meet}}
    linalg.reduce ins(%x : memref<64xf32>) outs(%y : memref<f32>) dimensions = [0] {tile.width = 4 : i64}
      (%a: f32, %o: f32) {
        %r = arith.addf %o, %a : f32
        linalg.yield %r : f32
      }
    gpu.return
  }
}
