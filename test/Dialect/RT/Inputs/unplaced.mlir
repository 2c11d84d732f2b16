func.func @main(%x: memref<4xf32>) -> memref<4xf32> attributes {rt.entry} {
  return %x : memref<4xf32>
}
