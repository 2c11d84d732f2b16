// RUN: moe-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expects three dimensions: slabs, columns, summands}}
func.func private @f(!tile.packed<96x64xf32>)

// -----

// expected-error @+1 {{expects positive sizes, got 0x96x64}}
func.func private @f(!tile.packed<0x96x64xf32>)

// -----

// expected-error @+1 {{expects f32, f16 or bf16 elements, got 'i8'}}
func.func private @f(!tile.packed<8x96x64xi8>)

// -----

// expected-error @+1 {{expects columns = 1 or 2, got 3}}
func.func private @f(!tile.packed<8x96x64xf32, columns = 3>)

// -----

// expected-error @+1 {{expects a multiple of 2 source columns, got 95}}
func.func private @f(!tile.packed<8x95x64xf32, columns = 2>)

// -----

// expected-error @+1 {{expects less than 2^44 elements, got 8x9223372036854775807x64}}
func.func private @f(!tile.packed<8x9223372036854775807x64xf32>)

// -----

// expected-error @+1 {{expects less than 2^44 elements, got 9223372036854775807x96x64}}
func.func private @f(!tile.packed<9223372036854775807x96x64xf32>)

// -----

// expected-error @+1 {{expected static shape}}
func.func private @f(!tile.packed<?x96x64xf32>)

// -----

// expected-error @+1 {{expected 'columns'}}
func.func private @f(!tile.packed<8x96x64xf32, rows = 2>)

// -----

func.func @f(%x: memref<*xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{must be tensor or memref}}
  tile.ragged_matmul rows(%x : memref<*xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<f32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects rows to have rank 2, got 'memref<f32>'}}
  tile.ragged_matmul rows(%x : memref<f32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x63xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects dimension 1 of rows to be 64, got 63}}
  tile.ragged_matmul rows(%x : memref<?x63xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf64>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects rows of f32, f16 or bf16, got 'f64'}}
  tile.ragged_matmul rows(%x : memref<?x64xf64>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %g: memref<?xi16>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects gather of i32 or i64, got 'i16'}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) gather(%g : memref<?xi16>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %g: memref<6xi32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<7x96xf32>) {
  // expected-error @+1 {{expects dimension 0 of gather to be 7, got 6}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) gather(%g : memref<6xi32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<7x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects ranges or batch for 8 slabs}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<8xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects dimension 0 of ranges to be 9, got 8}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<8xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<f32>) {
  // expected-error @+1 {{expects outs to have rank 2, got 'memref<f32>'}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<f32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x95xf32>) {
  // expected-error @+1 {{expects dimension 1 of outs to be 96, got 95}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x95xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32, strided<[192, 2]>>) {
  // expected-error @+1 {{expects outs with unit stride in its last dimension}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32, strided<[192, 2]>>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %r0: memref<6xf32>, %o: memref<7x96xf32>) {
  // expected-error @+1 {{expects dimension 0 of a row argument to be 7, got 6}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) row_args(%r0 : memref<6xf32>) outs(%o : memref<7x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %r0: memref<?xindex>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects a row argument of scalars, got 'index'}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) row_args(%r0 : memref<?xindex>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %c0: memref<96xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects a column argument to have rank 2, got 'memref<96xf32>'}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) col_args(%c0 : memref<96xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %c0: memref<8x96xf32, strided<[1, 8]>>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects a column argument with unit stride}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) col_args(%c0 : memref<8x96xf32, strided<[1, 8]>>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x192x64xf32, columns = 2>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects an epilogue with arguments ('f32', 'f32'), got ('f32')}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x192x64xf32, columns = 2>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %c0: memref<8x96xbf16>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects an epilogue with arguments ('f32', 'bf16'), got ('f32', 'f32')}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) col_args(%c0 : memref<8x96xbf16>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32, %b: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects an epilogue that ends in tile.yield}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    %0 = arith.addf %acc, %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    // expected-error @+1 {{is not element-wise and cannot stand in an epilogue}}
    %0 = memref.alloc() : memref<4xf32>
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    // expected-error @+1 {{expects integer or float scalars in an epilogue, got 'index'}}
    %0 = arith.constant 0 : index
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    // expected-error @+1 {{expects integer or float scalars in an epilogue, got 'vector<4xf32>'}}
    %0 = arith.constant dense<0.0> : vector<4xf32>
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xbf16>) {
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xbf16>) epilogue {
  ^bb0(%acc: f32):
    // expected-error @+1 {{expects the element type of outs, 'bf16', got 'f32'}}
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{mixes tensors and memrefs}}
  tile.ragged_matmul rows(%x : tensor<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %off: memref<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects 0 results, got 1}}
  %y = tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%off : memref<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) -> tensor<?x96xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %off: tensor<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: tensor<?x96xf32>) {
  // expected-error @+1 {{expects the result type of its outs, 'tensor<?x96xf32>', got 'tensor<4x96xf32>'}}
  %y = tile.ragged_matmul rows(%x : tensor<?x64xf32>) ranges(%off : tensor<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : tensor<?x96xf32>) -> tensor<4x96xf32> epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>, %off: tensor<9xi32>, %w: !tile.packed<8x96x64xf32>, %o: tensor<?x96xf32>) {
  // expected-error @+1 {{expects 1 results, got 0}}
  tile.ragged_matmul rows(%x : tensor<?x64xf32>) ranges(%off : tensor<9xi32>) slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : tensor<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%x: memref<?x64xf32>, %w: !tile.packed<1x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects a non-empty block}}
  "tile.ragged_matmul"(%x, %w, %o) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 1, 0, 0, 0, 1>}> ({
  ^bb0(%acc: f32):
  }) : (memref<?x64xf32>, !tile.packed<1x96x64xf32>, memref<?x96xf32>) -> ()
  return
}

// -----

func.func @f(%v: f32) {
  // expected-error @+1 {{expects parent op to be one of 'tile.ragged_matmul, tile.panel_product'}}
  tile.yield %v : f32
}

// -----

func.func @f(%z: memref<8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>) {
  // expected-error @+1 {{expects keys to have rank 2}}
  tile.select keys(%z : memref<8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xi32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>) {
  // expected-error @+1 {{expects keys of f32, f16 or bf16, got 'i32'}}
  tile.select keys(%z : memref<?x8xi32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %s: memref<?x7xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>) {
  // expected-error @+1 {{expects dimension 1 of source to be 8, got 7}}
  tile.select keys(%z : memref<?x8xf32>) source(%s : memref<?x7xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %i: memref<i32>, %v: memref<?x2xf32>) {
  // expected-error @+1 {{expects ids to have rank 2}}
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<i32>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %i: memref<?x2xi64>, %v: memref<?x2xf32>) {
  // expected-error @+1 {{expects ids of i32, got 'i64'}}
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi64>, %v : memref<?x2xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x3xf32>) {
  // expected-error @+1 {{expects dimension 1 of values to be 2, got 3}}
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x3xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %i: memref<?x9xi32>, %v: memref<?x9xf32>) {
  // expected-error @+1 {{expects at most 8 selected columns, got 9}}
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x9xi32>, %v : memref<?x9xf32>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xbf16>) {
  // expected-error @+1 {{expects values of the element type of what they are taken from}}
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xbf16>) {tie = #tile.tie<lower_index>}
  return
}

// -----

func.func @f(%z: memref<?x8xf32>, %i: memref<?x2xi32>, %v: memref<?x2xf32>) {
  // expected-error @+1 {{requires attribute 'tie'}}
  tile.select keys(%z : memref<?x8xf32>) outs(%i : memref<?x2xi32>, %v : memref<?x2xf32>)
  return
}

// -----

func.func @f(%k: memref<i32>, %o: memref<9xi32>, %s: memref<?xi32>, %p: memref<?x2xi32>) {
  // expected-error @+1 {{expects keys to have rank 2}}
  tile.bucket keys(%k : memref<i32>) outs(%o, %s, %p : memref<9xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

func.func @f(%k: memref<?x2xf32>, %o: memref<9xi32>, %s: memref<?xi32>, %p: memref<?x2xi32>) {
  // expected-error @+1 {{expects keys of i32, got 'f32'}}
  tile.bucket keys(%k : memref<?x2xf32>) outs(%o, %s, %p : memref<9xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

func.func @f(%k: memref<?x2xi32>, %o: memref<9x1xi32>, %s: memref<?xi32>, %p: memref<?x2xi32>) {
  // expected-error @+1 {{expects offsets to have rank 1}}
  tile.bucket keys(%k : memref<?x2xi32>) outs(%o, %s, %p : memref<9x1xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

func.func @f(%k: memref<?x2xi32>, %o: memref<1xi32>, %s: memref<?xi32>, %p: memref<?x2xi32>) {
  // expected-error @+1 {{expects at least one bucket}}
  tile.bucket keys(%k : memref<?x2xi32>) outs(%o, %s, %p : memref<1xi32>, memref<?xi32>, memref<?x2xi32>)
  return
}

// -----

func.func @f(%k: memref<?x2xi32>, %o: memref<9xi32>, %s: memref<?x2xi32>, %p: memref<?x2xi32>) {
  // expected-error @+1 {{expects source to have rank 1}}
  tile.bucket keys(%k : memref<?x2xi32>) outs(%o, %s, %p : memref<9xi32>, memref<?x2xi32>, memref<?x2xi32>)
  return
}

// -----

func.func @f(%k: memref<?x2xi32>, %o: memref<9xi32>, %s: memref<?xi32>, %p: memref<?x3xi32>) {
  // expected-error @+1 {{expects dimension 1 of places to be 2, got 3}}
  tile.bucket keys(%k : memref<?x2xi32>) outs(%o, %s, %p : memref<9xi32>, memref<?xi32>, memref<?x3xi32>)
  return
}

// -----

func.func @f(%r: memref<64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %o: memref<?x64xf32>) {
  // expected-error @+1 {{expects rows to have rank 2}}
  tile.weighted_gather rows(%r : memref<64xf32>) places(%p : memref<?x2xi32>) weights(%w : memref<?x2xf32>) outs(%o : memref<?x64xf32>)
  return
}

// -----

func.func @f(%r: memref<?x64xf32>, %p: memref<?x2xi64>, %w: memref<?x2xf32>, %o: memref<?x64xf32>) {
  // expected-error @+1 {{expects places of i32, got 'i64'}}
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%p : memref<?x2xi64>) weights(%w : memref<?x2xf32>) outs(%o : memref<?x64xf32>)
  return
}

// -----

func.func @f(%r: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x3xf32>, %o: memref<?x64xf32>) {
  // expected-error @+1 {{expects dimension 1 of weights to be 2, got 3}}
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%p : memref<?x2xi32>) weights(%w : memref<?x3xf32>) outs(%o : memref<?x64xf32>)
  return
}

// -----

func.func @f(%r: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %o: memref<?x63xf32>) {
  // expected-error @+1 {{expects dimension 1 of outs to be 64, got 63}}
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%p : memref<?x2xi32>) weights(%w : memref<?x2xf32>) outs(%o : memref<?x63xf32>)
  return
}

// -----

func.func @f(%r: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %o: memref<?x64xf32>) {
  // expected-error @+1 {{expects a term type of f32, f16 or bf16, got 'i32'}}
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%p : memref<?x2xi32>) weights(%w : memref<?x2xf32>) outs(%o : memref<?x64xf32>) {term = i32}
  return
}

// -----

func.func @f(%r: memref<?x64xf32, strided<[1, 64]>>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %o: memref<?x64xf32>) {
  // expected-error @+1 {{expects rows with unit stride in its last dimension}}
  tile.weighted_gather rows(%r : memref<?x64xf32, strided<[1, 64]>>) places(%p : memref<?x2xi32>) weights(%w : memref<?x2xf32>) outs(%o : memref<?x64xf32>)
  return
}

// -----

func.func @f(%r: memref<?x64xf32>, %p: memref<?x2xi32>, %w: memref<?x2xf32>, %o: memref<?x64xf32, strided<[1, 64]>>) {
  // expected-error @+1 {{expects outs with unit stride in its last dimension}}
  tile.weighted_gather rows(%r : memref<?x64xf32>) places(%p : memref<?x2xi32>) weights(%w : memref<?x2xf32>) outs(%o : memref<?x64xf32, strided<[1, 64]>>)
  return
}

// -----

func.func @f(%n: index, %x: memref<?x64xi8>, %a: memref<?xf32>) {
  // expected-error @+1 {{expects rows of f32, f16 or bf16, got 'i8'}}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xi8>) into(%a : memref<?xf32>) depth(%n)
  return
}

// -----

func.func @f(%n: index, %x: memref<?x64xf32>, %a: memref<?xf32, strided<[2]>>) {
  // expected-error @+1 {{expects into in the default layout and memory space}}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xf32>) into(%a : memref<?xf32, strided<[2]>>) depth(%n)
  return
}

// -----

func.func @f(%n: index, %x: memref<?x64xf32>, %a: memref<?xf32, 1>) {
  // expected-error @+1 {{expects into in the default layout and memory space}}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xf32>) into(%a : memref<?xf32, 1>) depth(%n)
  return
}

// -----

func.func @f(%n: index, %x: memref<?x64xf32>, %a: memref<?x?xf32>) {
  // expected-error @+1 {{must be 1D memref of 32-bit float values}}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xf32>) into(%a : memref<?x?xf32>) depth(%n)
  return
}

// -----

func.func @f(%n: index, %a: memref<?xf32, strided<[2]>>, %w: !tile.packed<1x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects packed in the default layout and memory space}}
  tile.panel_product %n to %n of %n packed(%a : memref<?xf32, strided<[2]>>) slabs(%w : !tile.packed<1x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @f(%w: !tile.packed<1x96x64xf32>) {
  // expected-error @+1 {{expects 'memref<6144xf32>', got 'memref<6144xbf16>'}}
  %p = tile.panels %w : !tile.packed<1x96x64xf32> -> memref<6144xbf16>
  return
}

// -----

func.func @f(%w: !tile.packed<1x96x64xf32>) {
  // expected-error @+1 {{expects 'memref<6144xf32>', got 'memref<6145xf32>'}}
  %p = tile.panels %w : !tile.packed<1x96x64xf32> -> memref<6145xf32>
  return
}

// -----

func.func @f(%w: !tile.packed<1x96x64xf32>) {
  // expected-error @+1 {{expects 'memref<6144xf32>', got 'memref<?xf32>'}}
  %p = tile.panels %w : !tile.packed<1x96x64xf32> -> memref<?xf32>
  return
}

// -----

func.func @f(%w: !tile.packed<1x96x64xf32>) {
  // expected-error @+1 {{expects 'memref<6144xf32>', got 'memref<6144xf32, strided<[2]>>'}}
  %p = tile.panels %w : !tile.packed<1x96x64xf32> -> memref<6144xf32, strided<[2]>>
  return
}

// -----

func.func @f(%q: memref<2x64x5xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects query to have rank 4, got 'memref<2x64x5xf32>'}}
  tile.attention query(%q : memref<2x64x5xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x17xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects dimension 3 of key to be 16, got 17}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x17xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x8x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects dimension 2 of value to be 9, got 8}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x8x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x16xf32>) {
  // expected-error @+1 {{expects dimension 3 of outs to be 24, got 16}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x16xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf64>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects value of f32, f16 or bf16, got 'f64'}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf64>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32, strided<[1000, 500, 32, 2]>>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects key with unit stride in its last dimension}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32, strided<[1000, 500, 32, 2]>>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x3x9x16xf32>, %v: memref<2x3x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects static numbers of heads, those of query a multiple of those of key}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x3x9x16xf32>) value(%v : memref<2x3x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x?x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x?x5x24xf32>) {
  // expected-error @+1 {{expects static numbers of heads, those of query a multiple of those of key}}
  tile.attention query(%q : memref<2x?x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x?x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects dimension 1 of value to be 9, got 2}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32, value_layout = #tile.heads<bshd>}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %m: memref<1x1x5x9xi1>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects mask of i8, f32, f16 or bf16, got 'i1'}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) mask(%m : memref<1x1x5x9xi1>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %m: memref<1x2x5x9xi8>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects dimension 1 of mask to be 1 or 4, got 2}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) mask(%m : memref<1x2x5x9xi8>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %m: memref<1x1x5x10xi8>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects at most 9 keys in mask, got 10}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) mask(%m : memref<1x1x5x10xi8>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %n: memref<3xi64>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects dimension 0 of lengths to be 2, got 3}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) lengths(%n : memref<3xi64>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %n: memref<2xi32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects lengths of i64, got 'i32'}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) lengths(%n : memref<2xi32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects softcap > 0, got 0}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32, softcap = 0.0 : f32}
  return
}

// -----

func.func @f(%q: memref<2x4x5x16xf32>, %k: memref<2x2x9x16xf32>, %v: memref<2x2x9x24xf32>, %o: memref<2x4x5x24xf32>) {
  // expected-error @+1 {{expects windows from 0 to 2^31 - 1, got -1}}
  tile.attention query(%q : memref<2x4x5x16xf32>) key(%k : memref<2x2x9x16xf32>) value(%v : memref<2x2x9x24xf32>) outs(%o : memref<2x4x5x24xf32>) {scale = 0.25 : f32, left_window = -1}
  return
}

// -----

func.func @f(%u: memref<?x8xf32>, %p: memref<?xi32>, %x: memref<?x8xf32>) {
  // expected-error @+1 {{expects places of i64, got 'i32'}}
  tile.scatter updates(%u : memref<?x8xf32>) places(%p : memref<?xi32>) outs(%x : memref<?x8xf32>) {combine = #tile.combine<add>}
  return
}

// -----

func.func @f(%u: memref<?x8xf16>, %p: memref<?xi64>, %x: memref<?x8xf32>) {
  // expected-error @+1 {{expects updates of the element type of outs, got 'f16'}}
  tile.scatter updates(%u : memref<?x8xf16>) places(%p : memref<?xi64>) outs(%x : memref<?x8xf32>) {combine = #tile.combine<add>}
  return
}

// -----

func.func @f(%u: memref<?x8xbf16>, %p: memref<?xi64>, %x: memref<?x8xbf16>) {
  // expected-error @+1 {{expects updates in f32 for add, got 'bf16'}}
  tile.scatter updates(%u : memref<?x8xbf16>) places(%p : memref<?xi64>) outs(%x : memref<?x8xbf16>) {combine = #tile.combine<add>}
  return
}

// -----

func.func @f(%u: memref<?x8xf32>, %p: memref<?xi64>, %x: memref<?x8xf32>) {
  // expected-error @+1 {{expects integers for minu, got 'f32'}}
  tile.scatter updates(%u : memref<?x8xf32>) places(%p : memref<?xi64>) outs(%x : memref<?x8xf32>) {combine = #tile.combine<minu>}
  return
}

// -----

func.func @f(%f: memref<?xi1>, %o: memref<?xi64>) {
  // expected-error @+1 {{expects flags of i8, got 'i1'}}
  tile.compact flags(%f : memref<?xi1>) outs(%o : memref<?xi64>)
  return
}

// -----

func.func @f(%x: tensor<?x8xi64>, %o: tensor<?x8xi64>) -> tensor<?x8xi64> {
  // expected-error @+1 {{expects 0 <= axis < 2, got 2}}
  %s = tile.scan rows(%x : tensor<?x8xi64>) outs(%o : tensor<?x8xi64>) {axis = 2 : i64} -> tensor<?x8xi64>
  return %s : tensor<?x8xi64>
}

// -----

func.func @f(%x: tensor<?x8xf32>, %o: tensor<?x8xi32>) -> tensor<?x8xi32> {
  // expected-error @+1 {{expects order of i64, got 'i32'}}
  %p = tile.sort keys(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xi32>) {axis = 1 : i64} -> tensor<?x8xi32>
  return %p : tensor<?x8xi32>
}

// -----

func.func @pack_source_rank(%x: memref<?x64xf32>, %o: memref<?xf32>) {
  // expected-error @+1 {{expects source to have rank 3, got 'memref<?x64xf32>'}}
  tile.pack %x : memref<?x64xf32> outs(%o : memref<?xf32>)
  return
}

// -----

func.func @pack_source_element(%x: memref<1x8x64xi32>, %o: memref<?xi32>) {
  // expected-error @+1 {{expects source of f32, f16 or bf16, got 'i32'}}
  tile.pack %x : memref<1x8x64xi32> outs(%o : memref<?xi32>)
  return
}

// -----

func.func @pack_outs_element(%x: memref<1x8x64xbf16>, %o: memref<?xf32>) {
  // expected-error @+1 {{expects outs of the element type of its source, got 'f32'}}
  tile.pack %x : memref<1x8x64xbf16> outs(%o : memref<?xf32>)
  return
}

// -----

func.func @pack_outs_rank(%x: memref<1x8x64xf32>, %o: memref<?x32xf32>) {
  // expected-error @+1 {{expects outs to have rank 1, got 'memref<?x32xf32>'}}
  tile.pack %x : memref<1x8x64xf32> outs(%o : memref<?x32xf32>)
  return
}

// -----

func.func @pack_panels_source_rank(%n: index, %x: memref<64xf32>, %p: memref<?xf32>) {
  // expected-error @+1 {{expects source to have rank 3, got 'memref<64xf32>'}}
  tile.pack_panels %n to %n source(%x : memref<64xf32>) into(%p : memref<?xf32>)
  return
}

// -----

func.func @pack_panels_element(%n: index, %x: memref<1x8x64xf16>, %p: memref<?xf32>) {
  // expected-error @+1 {{expects panels of the element type of their source}}
  tile.pack_panels %n to %n source(%x : memref<1x8x64xf16>) into(%p : memref<?xf32>)
  return
}

// -----

func.func @pack_panels_layout(%n: index, %x: memref<1x8x64xf32>, %p: memref<?xf32, strided<[2]>>) {
  // expected-error @+1 {{expects into in the default layout and memory space}}
  tile.pack_panels %n to %n source(%x : memref<1x8x64xf32>) into(%p : memref<?xf32, strided<[2]>>)
  return
}

// -----

func.func @pack_rows_ranges_and_batch(%n: index, %x: memref<?x64xf32>, %r: memref<9xi32>, %a: memref<?xf32>) {
  // expected-error @+1 {{expects ranges or batch, not both}}
  tile.pack_rows %n to %n of %n rows(%x : memref<?x64xf32>) ranges(%r : memref<9xi32>) batch(%n)
      into(%a : memref<?xf32>) depth(%n)
  return
}

// -----

func.func @ranges_and_batch(%n: index, %x: memref<?x64xf32>, %r: memref<9xi32>, %w: !tile.packed<8x96x64xf32>,
                            %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects ranges or batch, not both}}
  tile.ragged_matmul rows(%x : memref<?x64xf32>) ranges(%r : memref<9xi32>) batch(%n)
      slabs(%w : !tile.packed<8x96x64xf32>) outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @element_argument_rows(%x: memref<7x64xf32>, %w: !tile.packed<1x96x64xf32>, %r: memref<6x96xf32>,
                                 %o: memref<7x96xf32>) {
  // expected-error @+1 {{expects dimension 0 of an element argument to be 7, got 6}}
  tile.ragged_matmul rows(%x : memref<7x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>)
      elem_args(%r : memref<6x96xf32>) outs(%o : memref<7x96xf32>) epilogue {
  ^bb0(%acc: f32, %residual: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @element_argument_columns(%x: memref<7x64xf32>, %w: !tile.packed<1x96x64xf32>, %r: memref<7x95xf32>,
                                    %o: memref<7x96xf32>) {
  // expected-error @+1 {{expects dimension 1 of an element argument to be 96, got 95}}
  tile.ragged_matmul rows(%x : memref<7x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>)
      elem_args(%r : memref<7x95xf32>) outs(%o : memref<7x96xf32>) epilogue {
  ^bb0(%acc: f32, %residual: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @element_argument_type(%x: memref<7x64xf32>, %w: !tile.packed<1x96x64xf32>, %r: memref<7x96xi32>,
                                 %o: memref<7x96xf32>) {
  // expected-error @+1 {{expects an element argument of f32, f16 or bf16, got 'i32'}}
  tile.ragged_matmul rows(%x : memref<7x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>)
      elem_args(%r : memref<7x96xi32>) outs(%o : memref<7x96xf32>) epilogue {
  ^bb0(%acc: f32, %residual: i32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @element_argument_stride(%x: memref<7x64xf32>, %w: !tile.packed<1x96x64xf32>,
                                   %r: memref<7x96xf32, strided<[1, 7]>>, %o: memref<7x96xf32>) {
  // expected-error @+1 {{expects an element argument with unit stride}}
  tile.ragged_matmul rows(%x : memref<7x64xf32>) slabs(%w : !tile.packed<1x96x64xf32>)
      elem_args(%r : memref<7x96xf32, strided<[1, 7]>>) outs(%o : memref<7x96xf32>) epilogue {
  ^bb0(%acc: f32, %residual: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @depth_of_packed(%n: index, %a: memref<?xf32>, %w: !tile.packed<1x96x64xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects depth for slabs in a buffer, and only for those}}
  tile.panel_product %n to %n of %n packed(%a : memref<?xf32>) depth(%n) slabs(%w : !tile.packed<1x96x64xf32>)
      outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}

// -----

func.func @depth_missing(%n: index, %a: memref<?xf32>, %p: memref<?xf32>, %o: memref<?x96xf32>) {
  // expected-error @+1 {{expects depth for slabs in a buffer, and only for those}}
  tile.panel_product %n to %n of %n packed(%a : memref<?xf32>) slabs(%p : memref<?xf32>)
      outs(%o : memref<?x96xf32>) epilogue {
  ^bb0(%acc: f32):
    tile.yield %acc : f32
  }
  return
}
