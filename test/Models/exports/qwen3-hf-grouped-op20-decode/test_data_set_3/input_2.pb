
B#input.past_key_values.layers.0.keysJPrÁõ¾n¤¿e„±¾} =YõQ¿ò’¿£°>åï	ÀúäÔ¿#[/?|"K?ë/{<ù®¿¹7÷>	N‚?àAÑ¿1&Ç>Îú>„V>»¹j¿