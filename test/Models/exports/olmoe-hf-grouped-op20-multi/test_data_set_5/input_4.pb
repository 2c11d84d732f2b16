B#input.past_key_values.layers.1.keysJ`í|`¿ÿ?ea>J\¾^o˜¾Ê!á>^©N>OzR?&H¿bÕ™¿»s=D¿m~‚?8£¿Ï¿‰<d'@ûÝõ¿Õ|ï<ô´)Àà×ûº47M¿¿
k¿3HE¾ù3¿